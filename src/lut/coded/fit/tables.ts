import type { DenseLayer } from '../../../convert/dense-layers.js';
import { MAX_ACTIVATION } from '../../limits.js';
import type { CodebookLayout } from './geometry.js';
import { weightSlice } from './geometry.js';

/** The tensors of a LookUp. */
export interface QuantizedTable {
  /** [O, B·K, th, tw] */
  readonly table: Int8Array;
  /** [O] */
  readonly scale: Float32Array;
  /** [O] */
  readonly bias: Float32Array;
}

/**
 * Outputs of the dense layer for every centroid: the table that a ridge fit starts from.
 * @param centroids per codebook [K, v], in real units
 * @returns [D, O]: row ((c·taps + tap)·K + k)
 */
export function priorTable(site: DenseLayer, layout: CodebookLayout, centroids: readonly Float32Array[]): Float32Array {
  const O = site.outputChannels;
  const K = layout.geometry.centroids;
  const v = layout.values;
  const table = new Float32Array(layout.codebooks * layout.taps * K * O);
  for (let c = 0; c < layout.codebooks; c++) {
    const points = centroids[c]!;
    for (let tap = 0; tap < layout.taps; tap++) {
      const slice = weightSlice(site, layout, c, tap);
      for (let k = 0; k < K; k++) {
        const row = ((c * layout.taps + tap) * K + k) * O;
        for (let o = 0; o < O; o++) {
          let sum = 0;
          for (let j = 0; j < v; j++) sum += slice[o * v + j]! * points[k * v + j]!;
          table[row + o] = sum;
        }
      }
    }
  }
  return table;
}

/** Whether every lookup of the layer always lands inside the image, so that a constant may move from table to bias. */
export function canCentre(layout: CodebookLayout): boolean {
  return layout.lookup.pads.every((pad) => pad === 0);
}

/**
 * Moves the mean row of every codebook and tap into the bias, which shrinks the range that int8 has to cover. The result is the same
 * function as long as no lookup falls outside the image: see {@link canCentre}.
 * @param table [D, O], changed in place
 * @param bias [O], changed in place
 */
export function centreTable(table: Float32Array, bias: Float32Array, K: number): void {
  const O = bias.length;
  const mean = new Float64Array(O);
  for (let base = 0; base < table.length; base += K * O) {
    mean.fill(0);
    for (let at = base; at < base + K * O; at++) mean[(at - base) % O]! += table[at]! / K;
    for (let at = base; at < base + K * O; at++) table[at]! -= mean[(at - base) % O]!;
    for (let o = 0; o < O; o++) bias[o]! += mean[o]!;
  }
}

/**
 * int8 with one scale per output channel, in the operator's order.
 * @param table [D, O]
 * @param bias [O]
 */
export function quantizeTable(table: Float32Array, bias: Float32Array, layout: CodebookLayout): QuantizedTable {
  const O = bias.length;
  const K = layout.geometry.centroids;
  const { codebooks, taps } = layout;
  const D = table.length / O;
  const scale = new Float32Array(O);
  for (let at = 0; at < table.length; at++) scale[at % O] = Math.max(scale[at % O]!, Math.abs(table[at]!));
  for (let o = 0; o < O; o++) scale[o] = scale[o]! > 0 ? scale[o]! / MAX_ACTIVATION : 1;
  const quantized = new Int8Array(D * O);
  for (let c = 0; c < codebooks; c++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let k = 0; k < K; k++) {
        const from = ((c * taps + tap) * K + k) * O;
        const to = (c * K + k) * taps + tap;
        for (let o = 0; o < O; o++) {
          const q = Math.round(table[from + o]! / scale[o]!);
          quantized[o * codebooks * K * taps + to] = Math.max(-MAX_ACTIVATION, Math.min(MAX_ACTIVATION, q));
        }
      }
    }
  }
  return { table: quantized, scale, bias: Float32Array.from(bias) };
}

/** The real values that a quantized table stands for, in the order of a fit. @returns [D, O] */
export function dequantizeTable(quantized: QuantizedTable, layout: CodebookLayout): Float32Array {
  const O = quantized.bias.length;
  const K = layout.geometry.centroids;
  const { codebooks, taps } = layout;
  const table = new Float32Array(quantized.table.length);
  for (let c = 0; c < codebooks; c++) {
    for (let tap = 0; tap < taps; tap++) {
      for (let k = 0; k < K; k++) {
        const to = ((c * taps + tap) * K + k) * O;
        const from = (c * K + k) * taps + tap;
        for (let o = 0; o < O; o++) {
          table[to + o] = quantized.table[o * codebooks * K * taps + from]! * quantized.scale[o]!;
        }
      }
    }
  }
  return table;
}
