import type { LoweringRule } from '../types.js';
import { lowerQuantizedConv } from './lookup-conv.js';
import { lowerEncode } from './lookup-encode.js';
import { lowerLookUp } from './lookup-table.js';

/** Fast paths of the `lutra` domain. */
export const LOOKUP_RULES: Readonly<Record<string, LoweringRule>> = {
  'lutra:Encode': lowerEncode,
  'lutra:EncodeTree': lowerEncode,
  'lutra:LookUp': lowerLookUp,
  'lutra:QuantizedConv': lowerQuantizedConv,
};
