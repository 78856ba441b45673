import { inlineFunctions } from '../src/onnx/inline.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { serve } from '../src/session/serve.js';

// As on pages that are not cross-origin isolated.
Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
serve(COMPLETE_RUNTIME, inlineFunctions);
