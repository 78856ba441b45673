import { TREE_DEPTH as DEPTH, MAX_ACTIVATION } from '../../limits.js';

const VALUES = MAX_ACTIVATION + 1;

/** One codebook of an EncodeTree operator. */
interface TreeCodebook {
  /** [4] */
  readonly features: Int32Array;
  /** [15] */
  readonly thresholds: Uint8Array;
  /** Leaf of every training point: [n]. */
  readonly assignment: Uint8Array;
}

/**
 * Greedy tree of MADDNESS (Blalock & Guttag 2021, §4.1, algorithm 1): every step compares one value, each of its nodes with its own
 * threshold, chosen to leave the smallest sum of squared distances to the mean of the new buckets. Values are integers from 0 to 127, so every
 * threshold is tried exactly through histograms.
 * @param quantized [n, v] integers 0..127: what is compared
 * @param points [n, v] the same points in the space where distance counts
 */
export function fitTree(quantized: Uint8Array, points: Float32Array, v: number): TreeCodebook {
  const n = quantized.length / v;
  const features = new Int32Array(DEPTH);
  const thresholds = new Uint8Array((1 << DEPTH) - 1);
  const assignment = new Uint8Array(n);
  for (let depth = 0; depth < DEPTH; depth++) {
    const nodes = 1 << depth;
    let bestGain = -1;
    let best = { feature: 0, cuts: new Uint8Array(nodes) };
    for (let feature = 0; feature < v; feature++) {
      const split = splitNodes(quantized, points, v, assignment, nodes, feature);
      if (split.gain > bestGain) {
        bestGain = split.gain;
        best = { feature, cuts: split.cuts };
      }
    }
    features[depth] = best.feature;
    thresholds.set(best.cuts, nodes - 1);
    for (let i = 0; i < n; i++) {
      const node = assignment[i]!;
      assignment[i] = 2 * node + (quantized[i * v + best.feature]! > best.cuts[node]! ? 1 : 0);
    }
  }
  return { features, thresholds, assignment };
}

/** Best threshold of each node for one feature. Gain: Σ |sum|²/count over the buckets, whose growth is the fall of the squared error. */
function splitNodes(
  quantized: Uint8Array,
  points: Float32Array,
  v: number,
  assignment: Uint8Array,
  nodes: number,
  feature: number,
): { gain: number; cuts: Uint8Array<ArrayBuffer> } {
  const sums = new Float64Array(nodes * VALUES * v);
  const counts = new Uint32Array(nodes * VALUES);
  for (let i = 0; i < assignment.length; i++) {
    const bin = assignment[i]! * VALUES + quantized[i * v + feature]!;
    counts[bin]!++;
    for (let j = 0; j < v; j++) sums[bin * v + j]! += points[i * v + j]!;
  }
  const cuts = new Uint8Array(nodes);
  const below = new Float64Array(v);
  const total = new Float64Array(v);
  let gain = 0;
  for (let node = 0; node < nodes; node++) {
    total.fill(0);
    below.fill(0);
    let count = 0;
    for (let bin = node * VALUES; bin < (node + 1) * VALUES; bin++) {
      count += counts[bin]!;
      for (let j = 0; j < v; j++) total[j]! += sums[bin * v + j]!;
    }
    let countBelow = 0;
    let best = -1;
    for (let cut = 0; cut < VALUES; cut++) {
      const bin = node * VALUES + cut;
      if (counts[bin]! === 0 && cut > 0) continue;
      countBelow += counts[bin]!;
      let left = 0;
      let right = 0;
      for (let j = 0; j < v; j++) {
        below[j]! += sums[bin * v + j]!;
        left += below[j]! ** 2;
        right += (total[j]! - below[j]!) ** 2;
      }
      const countAbove = count - countBelow;
      const value = (countBelow > 0 ? left / countBelow : 0) + (countAbove > 0 ? right / countAbove : 0);
      if (value > best) {
        best = value;
        cuts[node] = cut;
      }
    }
    gain += best;
  }
  return { gain, cuts };
}
