export { convolve } from './convolve';
export { matmul } from './matmul';
export { reduceMean } from './reduce';
export { averagePool, depthwise, maxPool } from './window';
