import type { LoweringRule } from '../plan/types.js';
import { lowerEncode } from './coded/lower-encode.js';
import { lowerLookUp } from './coded/lower-lookup.js';
import { lowerQuantizedConv } from './integer/lower.js';

/** Fast paths of the `lutra` domain. */
export const LOOKUP_RULES: Readonly<Record<string, LoweringRule>> = {
  'lutra:Encode': lowerEncode,
  'lutra:EncodeTree': lowerEncode,
  'lutra:LookUp': lowerLookUp,
  'lutra:QuantizedConv': lowerQuantizedConv,
};
