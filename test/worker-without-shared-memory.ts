import { inlineFunctions } from '../src/onnx/inline.js';
import { OPERATORS } from '../src/ops/complete.js';
import { registerOperators } from '../src/ops/registry.js';
import { serve } from '../src/session/serve.js';

// As on pages that are not cross-origin isolated.
Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
registerOperators(OPERATORS);
serve(inlineFunctions);
