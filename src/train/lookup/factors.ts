import { weightSlice } from '../../convert/geometry.js';
import { choleskyInPlace, choleskySolve } from '../../convert/linear-algebra.js';
import { dequantiseTable } from '../../convert/tables.js';
import type { Encoding, LookupLayer } from './layers.js';

/** Keeps the normal equations solvable where values do not matter to any output. */
const RIDGE = 1e-4;

/** Real tables of a layer in the order of training, [taps, M, B·K]. */
export function realTables({ table, scale, bias, layout }: LookupLayer): Float32Array {
  const M = bias.length;
  const { codebooks: B, taps, geometry } = layout;
  const K = geometry.centroids;
  const rows = dequantiseTable({ table, scale, bias }, layout);
  const out = new Float32Array(rows.length);
  for (let c = 0; c < B; c++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let k = 0; k < K; k++) {
        const from = ((c * taps + tap) * K + k) * M;
        for (let m = 0; m < M; m++) out[(tap * M + m) * B * K + c * K + k] = rows[from + m]!;
      }
    }
  }
  return out;
}

/** Weights of the dense layer that read the values of one codebook as channels, [M, B·v, th, tw]. */
export function unfoldedWeights({ site, layout }: LookupLayer): Float32Array {
  const { codebooks: B, values: v, taps } = layout;
  const out = new Float32Array(site.weight.length);
  for (let c = 0; c < B; c++) {
    for (let tap = 0; tap < taps; tap++) {
      const slice = weightSlice(site, layout, c, tap);
      for (let m = 0; m < site.outputChannels; m++) {
        for (let j = 0; j < v; j++) out[(m * B * v + c * v + j) * taps + tap] = slice[m * v + j]!;
      }
    }
  }
  return out;
}

/**
 * Centroids whose products with the dense weights come closest to the tables, in least squares over the outputs and taps of all layers
 * that share the codes. With tables fitted to data they are the centroids that the data ask for.
 * @returns [B, K, v], in real units
 */
export function fitCentroids({ codebooks: B, centroids: K, values: v, layers }: Encoding): Float32Array {
  const tables = layers.map(realTables);
  const out = new Float32Array(B * K * v);
  for (let c = 0; c < B; c++) {
    const normal = new Float64Array(v * v);
    const right = new Float64Array(K * v);
    layers.forEach((layer, index) => {
      const { layout, site } = layer;
      const M = site.outputChannels;
      for (let tap = 0; tap < layout.taps; tap++) {
        const slice = weightSlice(site, layout, c, tap);
        for (let m = 0; m < M; m++) {
          const row = ((tap * M + m) * B + c) * K;
          for (let i = 0; i < v; i++) {
            const w = slice[m * v + i]!;
            for (let j = 0; j < v; j++) normal[i * v + j]! += w * slice[m * v + j]!;
            for (let k = 0; k < K; k++) right[k * v + i]! += w * tables[index]![row + k]!;
          }
        }
      }
    });
    let trace = 0;
    for (let i = 0; i < v; i++) trace += normal[i * v + i]!;
    for (let i = 0; i < v; i++) normal[i * v + i]! += (RIDGE * trace) / v || 1;
    choleskyInPlace(normal, v);
    choleskySolve(normal, v, right, K);
    out.set(right, c * K * v);
  }
  return out;
}

/**
 * Tables that weights and centroids stand for, [taps, M, B·K].
 * @param weights [M, B·v, th, tw]
 * @param centroids [B, K, v]
 */
export function productTables({ layout }: LookupLayer, weights: Float32Array, centroids: Float32Array): Float32Array {
  const { codebooks: B, values: v, taps, geometry } = layout;
  const K = geometry.centroids;
  const M = weights.length / (B * v * taps);
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
