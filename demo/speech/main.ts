import { startDemo } from '../shared/start.js';
import { createDemo } from './demo.js';

startDemo('audio', createDemo);
