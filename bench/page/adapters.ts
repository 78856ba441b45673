import { type Adapters, ONNX_ADAPTERS } from '../measure/adapters.js';

/** Every engine: the pages of bench/suite.ts may load whatever is installed. */
export const ALL_ADAPTERS: Adapters = { ...ONNX_ADAPTERS, litert: () => import('../peers/litert.js') };
