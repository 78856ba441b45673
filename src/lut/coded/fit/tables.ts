import type { DenseLayer } from '../../../convert/dense-layers.js';
import { permute, quantizePerOutput } from '../../tables.js';
import { type CodebookLayout, weightSlice } from './geometry.js';

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
export function priorTable(
  layer: DenseLayer,
  layout: CodebookLayout,
  centroids: readonly Float32Array[],
): Float32Array {
  const O = layer.outputChannels;
  const K = layout.geometry.centroids;
  const v = layout.values;
  const table = new Float32Array(layout.codebooks * layout.taps * K * O);
  for (let c = 0; c < layout.codebooks; c++) {
    const points = centroids[c]!;
    for (let tap = 0; tap < layout.taps; tap++) {
      const slice = weightSlice(layer, layout, c, tap);
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
 * int8 with one scale per output channel, in the operator's order.
 * @param table [D, O]
 * @param bias [O]
 */
export function quantizeTable(table: Float32Array, bias: Float32Array, layout: CodebookLayout): QuantizedTable {
  const O = bias.length;
  const { integers, scale } = quantizePerOutput(table, O, 1);
  const dims = [layout.codebooks, layout.taps, layout.geometry.centroids, O];
  return { table: permute(integers, dims, [3, 0, 2, 1]), scale, bias: bias.slice() };
}

/** The real values that a quantized table stands for, in the order of a fit. @returns [D, O] */
export function dequantizeTable({ table, scale }: QuantizedTable, layout: CodebookLayout): Float32Array {
  const { codebooks, taps, geometry } = layout;
  const O = scale.length;
  const integers = permute(table, [O, codebooks, geometry.centroids, taps], [1, 3, 2, 0]);
  return Float32Array.from(integers, (q, i) => q * scale[i % O]!);
}
