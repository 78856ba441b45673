export { encodeGathered, encodeRows } from './encode';
export { encodeTree } from './encode-tree';
export { quantise } from './quantise';
export { lookUpReadPlanes, lookUpReadRows } from './read';
export { convolveLevels, lookUpShufflePlanes, lookUpShuffleRows } from './shuffle';
