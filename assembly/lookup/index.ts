export { encodeGathered, encodeRows } from './encode';
export { encodeTree } from './encode-tree';
export { quantize } from './quantize';
export { lookUpReadPlanes, lookUpReadRows } from './read';
export { convolveLevels, lookUpShufflePlanes, lookUpShuffleRows } from './shuffle';
