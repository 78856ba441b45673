import { serveEngine } from '../measure/serve-engine.js';
import { ALL_ADAPTERS } from './adapters.js';

serveEngine(ALL_ADAPTERS);
