import { registerComplete } from '../src/plan/complete.js';

// Tests enter the library below its entry points, which register operators.
registerComplete();
