/** Entry of the worker that browsers try first: operators of CNNs, MLPs and lookup networks. */
import { CORE_OPERATORS } from '../ops/core.js';
import { registerOperators } from '../ops/registry.js';
import { serve } from './serve.js';

registerOperators(CORE_OPERATORS);
serve();
