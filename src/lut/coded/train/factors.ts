import { choleskyInPlace, choleskySolve } from '../../../convert/linear-algebra.js';
import { permute } from '../../tables.js';
import { weightSlice } from '../fit/geometry.js';
import type { EncoderLayer, LookupLayer } from './layers.js';

/** Keeps the normal equations solvable where values do not matter to any output. */
const RIDGE = 1e-4;
/** Turns of the alternation; more change little. */
const ROUNDS = 3;

/** Real tables of a layer in the order of training, [taps, M, B·K]. */
export function realTables({ table, scale, layout }: LookupLayer): Float32Array {
  const M = scale.length;
  const rows = layout.codebooks * layout.geometry.centroids;
  const integers = permute(table, [M, rows, layout.taps], [2, 0, 1]);
  return Float32Array.from(integers, (q, i) => q * scale[Math.floor(i / rows) % M]!);
}

/** Weights of the dense layer that read the values of one codebook as channels, [M, B·v, th, tw]. */
export function unfoldedWeights({ dense, layout }: LookupLayer): Float32Array {
  const { codebooks: B, values: v, taps } = layout;
  const out = new Float32Array(dense.weight.length);
  for (let c = 0; c < B; c++) {
    for (let tap = 0; tap < taps; tap++) {
      const slice = weightSlice(dense, layout, c, tap);
      for (let m = 0; m < dense.outputChannels; m++) {
        for (let j = 0; j < v; j++) out[(m * B * v + c * v + j) * taps + tap] = slice[m * v + j]!;
      }
    }
  }
  return out;
}

/** Centroids and weights whose products stand for tables. */
export interface Factors {
  /** [B, K, v], in real units */
  readonly centroids: Float32Array;
  /** Of every layer of the encoder, [M, B·v, th, tw] */
  readonly weights: readonly Float32Array[];
}

/**
 * Centroids and weights whose products come closest to the tables, in least squares over the outputs and taps of all layers that share the
 * codes: alternately one for the other, from the dense weights on. With tables fitted to data they are what the data ask for.
 */
export function factorize(encoder: EncoderLayer): Factors {
  const { codebooks: B, centroids: K, values: v, layers } = encoder;
  const tables = layers.map(realTables);
  const weights = layers.map(unfoldedWeights);
  const centroids = new Float32Array(B * K * v);
  for (let c = 0; c < B; c++) {
    const rows = layers.flatMap(({ layout, dense }, layer) =>
      Array.from({ length: layout.taps * dense.outputChannels }, (_, at): Row => {
        const [tap, m] = [Math.floor(at / dense.outputChannels), at % dense.outputChannels];
        const first = (m * B * v + c * v) * layout.taps + tap;
        return { layer, table: (at * B + c) * K, weights: first, step: layout.taps };
      }),
    );
    const codebook = { centroids: centroids.subarray(c * K * v, (c + 1) * K * v), K, v, rows, tables, weights };
    for (let round = 0; round < ROUNDS; round++) {
      solveCentroids(codebook);
      if (round + 1 < ROUNDS) solveWeights(codebook);
    }
  }
  return { centroids, weights };
}

/** Where the K table entries and v weights of one output and tap lie. */
interface Row {
  readonly layer: number;
  readonly table: number;
  readonly weights: number;
  readonly step: number;
}

/** One codebook and everything that its centroids stand for. */
interface Codebook {
  /** [K, v] */
  readonly centroids: Float32Array;
  readonly K: number;
  readonly v: number;
  readonly rows: readonly Row[];
  /** Of all layers. */
  readonly tables: readonly Float32Array[];
  readonly weights: readonly Float32Array[];
}

function regularize(normal: Float64Array, v: number): number {
  let trace = 0;
  for (let i = 0; i < v; i++) trace += normal[i * v + i]!;
  const ridge = (RIDGE * trace) / v || 1;
  for (let i = 0; i < v; i++) normal[i * v + i]! += ridge;
  return ridge;
}

/** Replaces the centroids. */
function solveCentroids({ centroids, K, v, rows, tables, weights }: Codebook): void {
  const normal = new Float64Array(v * v);
  const right = new Float64Array(K * v);
  for (const row of rows) {
    const w = weights[row.layer]!;
    for (let i = 0; i < v; i++) {
      const own = w[row.weights + i * row.step]!;
      for (let j = 0; j < v; j++) normal[i * v + j]! += own * w[row.weights + j * row.step]!;
      for (let k = 0; k < K; k++) right[k * v + i]! += own * tables[row.layer]![row.table + k]!;
    }
  }
  regularize(normal, v);
  choleskyInPlace(normal, v);
  choleskySolve(normal, v, right, K);
  centroids.set(right);
}

/** Changes the weights of the rows, near what they are. */
function solveWeights({ centroids, K, v, rows, tables, weights }: Codebook): void {
  const normal = new Float64Array(v * v);
  for (let k = 0; k < K; k++) {
    for (let i = 0; i < v; i++) {
      for (let j = 0; j < v; j++) normal[i * v + j]! += centroids[k * v + i]! * centroids[k * v + j]!;
    }
  }
  const ridge = regularize(normal, v);
  const right = new Float64Array(rows.length * v);
  rows.forEach((row, at) => {
    for (let i = 0; i < v; i++) {
      let sum = ridge * weights[row.layer]![row.weights + i * row.step]!;
      for (let k = 0; k < K; k++) sum += centroids[k * v + i]! * tables[row.layer]![row.table + k]!;
      right[at * v + i] = sum;
    }
  });
  choleskyInPlace(normal, v);
  choleskySolve(normal, v, right, rows.length);
  rows.forEach((row, at) => {
    for (let i = 0; i < v; i++) weights[row.layer]![row.weights + i * row.step] = right[at * v + i]!;
  });
}

/**
 * Tables that weights and centroids stand for, [taps, M, B·K].
 * @param weights [M, B·v, th, tw]
 * @param centroids [B, K, v]
 */
export function productTables(
  { layout, bias }: LookupLayer,
  weights: Float32Array,
  centroids: Float32Array,
): Float32Array {
  const { codebooks: B, taps, values: v, geometry } = layout;
  const K = geometry.centroids;
  const M = bias.length;
  const out = new Float32Array(taps * M * B * K);
  for (let tap = 0; tap < taps; tap++) {
    for (let m = 0; m < M; m++) {
      for (let c = 0; c < B; c++) {
        for (let k = 0; k < K; k++) {
          let sum = 0;
          for (let j = 0; j < v; j++) {
            sum += weights[(m * B * v + c * v + j) * taps + tap]! * centroids[(c * K + k) * v + j]!;
          }
          out[((tap * M + m) * B + c) * K + k] = sum;
        }
      }
    }
  }
  return out;
}
