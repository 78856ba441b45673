/** Entry of the worker that browsers try first: operators of CNNs, MLPs and lookup networks. */
import { CORE_RUNTIME } from '../plan/core.js';
import { serve } from './serve.js';

serve(CORE_RUNTIME);
