export { conv } from './conv';
export { copyRows, fill, moveByTables, transpose } from './copy';
export { binary, unary } from './elementwise';
export { matmul } from './matmul';
export { layerNorm, softmax } from './normalize';
export { reduceMean } from './reduce';
export { averagePool, depthwiseConv, maxPool } from './window';
