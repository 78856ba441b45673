import { ONNX_ADAPTERS } from '../../bench/measure/adapters.js';
import { serveEngine } from '../../bench/measure/serve-engine.js';

serveEngine(ONNX_ADAPTERS);
