/** Entry of the worker with all operators: in Node, and for models that `worker.ts` refers to it. */
import { inlineFunctions } from '../onnx/inline.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';
import { serve } from './serve.js';

serve(COMPLETE_RUNTIME, inlineFunctions);
