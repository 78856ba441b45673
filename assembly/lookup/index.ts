export { encodeSearchGathered, encodeSearchInPlace } from './encode-search';
export { encodeTree } from './encode-tree';
export { lookUpReadPlanes, lookUpReadRows } from './look-up-read';
export { lookUpShufflePlanes, lookUpShuffleRows } from './look-up-shuffle';
export { quantize } from './quantize';
export { quantizedConv } from './quantized-conv';
