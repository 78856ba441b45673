import { COMPLETE_RUNTIME, extendRuntime, inlineFunctions, serve } from '../../src/lut/index.js';
import { SQUARES_FAMILY } from './family.js';

serve(extendRuntime(COMPLETE_RUNTIME, SQUARES_FAMILY), inlineFunctions);
