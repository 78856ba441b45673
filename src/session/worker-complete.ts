/** Entry of the worker with all operators: in Node, and for models that `worker.ts` refers to it. */
import { inlineFunctions } from '../onnx/inline.js';
import { OPERATORS } from '../ops/complete.js';
import { registerOperators } from '../ops/registry.js';
import { serve } from './serve.js';

registerOperators(OPERATORS);
serve(inlineFunctions);
