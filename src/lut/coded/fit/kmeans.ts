import type { Random } from '../../../convert/random.js';

export interface Clusters {
  /** [K, v], row-major. */
  readonly centres: Float32Array;
  /** [n], the cluster of every point. */
  readonly assignment: Uint8Array;
  /** Mean squared distance to the centre. */
  readonly error: number;
}

/**
 * Nearest centre of every point in Euclidean distance; the lowest index wins ties.
 * @param points [n, v]
 * @param centres [K, v], K <= 256
 * @param assignment [n], written
 * @param distances [n], written with the squared distance
 */
function assignNearest(
  points: Float32Array,
  centres: Float32Array,
  v: number,
  assignment: Uint8Array,
  distances: Float32Array,
): void {
  const n = assignment.length;
  const K = centres.length / v;
  // Four centroids at a time share each value of a point: [v][K rounded up to 4]; the ones added never win.
  const width = Math.ceil(K / 4) * 4;
  const columns = new Float64Array(v * width);
  const starts = new Float64Array(width).fill(-Infinity);
  for (let k = 0; k < K; k++) {
    let sum = 0;
    for (let j = 0; j < v; j++) {
      sum += centres[k * v + j]! ** 2;
      columns[j * width + k] = centres[k * v + j]!;
    }
    starts[k] = -sum / 2;
  }
  for (let i = 0; i < n; i++) {
    const p = i * v;
    let best = -Infinity;
    let bestK = 0;
    for (let k = 0; k < width; k += 4) {
      let s0 = starts[k]!;
      let s1 = starts[k + 1]!;
      let s2 = starts[k + 2]!;
      let s3 = starts[k + 3]!;
      for (let j = 0, q = k; j < v; j++, q += width) {
        const x = points[p + j]!;
        s0 += x * columns[q]!;
        s1 += x * columns[q + 1]!;
        s2 += x * columns[q + 2]!;
        s3 += x * columns[q + 3]!;
      }
      if (s0 > best) {
        best = s0;
        bestK = k;
      }
      if (s1 > best) {
        best = s1;
        bestK = k + 1;
      }
      if (s2 > best) {
        best = s2;
        bestK = k + 2;
      }
      if (s3 > best) {
        best = s3;
        bestK = k + 3;
      }
    }
    let norm = 0;
    for (let j = 0; j < v; j++) norm += points[p + j]! ** 2;
    assignment[i] = bestK;
    distances[i] = Math.max(0, norm - 2 * best);
  }
}

/** k-means++ seeding (Arthur & Vassilvitskii 2007): each next centre is drawn with probability proportional to its squared distance. */
function seedCentres(points: Float32Array, v: number, K: number, random: Random): Float32Array {
  const n = points.length / v;
  const centres = new Float32Array(K * v);
  const nearest = new Float64Array(n).fill(Infinity);
  let chosen = Math.floor(random() * n);
  for (let k = 0; k < K; k++) {
    const from = chosen * v;
    centres.set(points.subarray(from, from + v), k * v);
    let total = 0;
    for (let i = 0; i < n; i++) {
      let d = 0;
      for (let j = 0; j < v; j++) d += (points[i * v + j]! - points[from + j]!) ** 2;
      if (d < nearest[i]!) nearest[i] = d;
      total += nearest[i]!;
    }
    let threshold = random() * total;
    chosen = n - 1;
    for (let i = 0; i < n; i++) {
      threshold -= nearest[i]!;
      if (threshold < 0) {
        chosen = i;
        break;
      }
    }
  }
  return centres;
}

/** Mean of the points of every cluster, 0 where there are none, and how many there are. @returns means [K, v], counts [K] */
export function clusterMeans(points: Float32Array, assignment: Uint8Array, v: number, K: number) {
  const sums = new Float64Array(K * v);
  const counts = new Uint32Array(K);
  for (let i = 0; i < assignment.length; i++) {
    const k = assignment[i]!;
    counts[k]!++;
    for (let j = 0; j < v; j++) sums[k * v + j]! += points[i * v + j]!;
  }
  const means = Float32Array.from(sums, (sum, at) => sum / Math.max(1, counts[Math.floor(at / v)]!));
  return { means, counts };
}

/**
 * Lloyd's k-means with k-means++ seeding. A cluster that runs empty moves to the point farthest from its centre.
 * @param points [n, v], n >= 1
 * @param K number of clusters, <= 256; with fewer distinct points than K some centres coincide
 */
export function kmeans(points: Float32Array, v: number, K: number, iterations: number, random: Random): Clusters {
  const n = points.length / v;
  const centres = seedCentres(points, v, K, random);
  const assignment = new Uint8Array(n);
  const distances = new Float32Array(n);
  assignNearest(points, centres, v, assignment, distances);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const { means, counts } = clusterMeans(points, assignment, v, K);
    centres.set(means);
    for (let k = 0; k < K; k++) {
      if (counts[k]! > 0) continue;
      let farthest = 0;
      for (let i = 1; i < n; i++) if (distances[i]! > distances[farthest]!) farthest = i;
      centres.set(points.subarray(farthest * v, farthest * v + v), k * v);
      distances[farthest] = 0;
    }
    const before = assignment.slice();
    assignNearest(points, centres, v, assignment, distances);
    if (before.every((k, i) => k === assignment[i])) break;
  }
  let error = 0;
  for (const d of distances) error += d / n;
  return { centres, assignment, error };
}
