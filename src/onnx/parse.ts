import type { Graph } from '../graph/types.js';
import { importModel } from './import.js';
import { inlineFunctions } from './inline.js';

/**
 * Bytes of an ONNX file → graph, with model-local functions written out: see {@link importModel}.
 *
 * @throws LutraError `INVALID_MODEL` or `UNSUPPORTED`; nothing else.
 */
export function parseModel(bytes: Uint8Array): Graph {
  return importModel(bytes, inlineFunctions);
}
