export { convolve } from './convolve';
export { copyRows, fill, moveByTables, transpose } from './copy';
export { binary, unary } from './elementwise';
export { matmul } from './matmul';
export { layerNorm, softmax } from './normalize';
export { reduceMean } from './reduce';
export { averagePool, depthwise, maxPool } from './window';
