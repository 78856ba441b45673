import { OPERATORS } from '../src/ops/complete.js';
import { registerOperators } from '../src/ops/registry.js';

// Tests enter the library below its entry points, which register operators.
registerOperators(OPERATORS);
