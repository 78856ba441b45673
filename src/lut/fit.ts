import type { FamilyFit } from '../convert/family-fit.js';
import { CODED_FIT } from './coded/fit/index.js';
import { INTEGER_FIT } from './integer/fit.js';

/** Fit stages of the families that come with Lutra: what `convert` may replace dense layers with. */
export const FAMILY_FITS: readonly FamilyFit[] = [CODED_FIT, INTEGER_FIT];
