/**
 * Limits of the `lutra` operators (docs/lookup-operators.md), in one place. Every sum that a kernel adds stays below {@link MAX_SUM},
 * so that it is exact in int32 and in float32 too.
 */

/** Activations are quantized to 0..127. */
export const MAX_ACTIVATION = 127;
/** Weights and table entries are int8 within ±127. */
export const MAX_WEIGHT = 127;
/** Centroids per codebook. */
export const MAX_CENTROIDS = 64;
/** Largest bias of a score. */
export const MAX_SCORE_BIAS = 2 ** 22;
export const MAX_SUM = 2 ** 24;
/** Depth of the MADDNESS tree, and its leaves. */
export const TREE_DEPTH = 4;
export const TREE_CENTROIDS = 2 ** TREE_DEPTH;
/** The fast search adds products in i16: this much weight of one sign may meet in one lane, since activations go up to 127. */
export const MAX_LANE_WEIGHT = Math.floor(32767 / MAX_ACTIVATION);
