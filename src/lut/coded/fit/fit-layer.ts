import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { Progress } from '../../../convert/progress.js';
import { channelMoments, relativeError } from '../../../convert/relative-error.js';
import type { Targets } from '../../../convert/targets.js';
import { tensorValue } from '../../../graph/tensor.js';
import type { Node, TensorValue } from '../../../graph/types.js';
import { writeNode } from '../../operator.js';
import { centreTable } from '../../tables.js';
import { windowAttributes } from '../../window.js';
import { LOOK_UP } from '../spec.js';
import type { CodebookLayout } from './geometry.js';
import type { FitKernels } from './kernels.js';
import { fitTable } from './ridge.js';
import { addLookups, type CodeSamples } from './samples.js';
import { canCentre, dequantizeTable, priorTable, type QuantizedTable, quantizeTable } from './tables.js';

/** Codes of the converted network and outputs of the dense one at the same output positions. */
export interface LayerSamples extends Targets {
  readonly codes: CodeSamples;
}

/** Strength of the ridge, relative to the mean use of a table row. */
const LAMBDA = 0.03;
/** Per-channel gain of the re-estimated normalization stays within this factor. */
const LARGEST_GAIN = 1.25;
/** Corrections of scale and shift where a ReLU follows. */
const MATCHING_ROUNDS = 8;
/** Training samples that take part in the statistics. */
const STATISTICS_POSITIONS = 8192;

/**
 * Fits the table of one layer: ridge regression around the dense layer's own outputs for the centroids, int8 with a scale per output
 * channel, then the statistics of every channel brought back to those of the dense layer.
 * @param training what the table is fitted to
 * @param heldOut what the error is measured on
 * @returns the table, and its relative error over the held-out samples
 */
export async function fitLayer(
  kernels: FitKernels,
  layer: DenseLayer,
  layout: CodebookLayout,
  centroids: readonly Float32Array[],
  training: LayerSamples,
  heldOut: LayerSamples,
  progress: Progress,
) {
  const O = layer.outputChannels;
  const K = layout.geometry.centroids;
  const bias = Float32Array.from(layer.bias);
  const table = priorTable(layer, layout, centroids);
  const residual = training.targets.slice();
  for (let i = 0; i < residual.length; i++) residual[i]! -= bias[i % O]!;
  addLookups(kernels, training.codes, table, residual, O, -1);
  await progress(0);
  const change = await fitTable(kernels, training.codes, residual, O, LAMBDA, progress, training.beforeRelu);
  for (let i = 0; i < table.length; i++) table[i]! += change[i]!;
  if (canCentre(layout)) centreTable(table, bias, K, 1, O);
  const quantized = quantizeTable(table, bias, layout);
  const error = relativeError(predict(kernels, quantized, layout, heldOut.codes), heldOut, O);
  // A few held-out examples alone would make noisy means.
  const statistics = joinSamples(training, heldOut, O);
  const before = predict(kernels, quantized, layout, statistics.codes);
  const matched = statistics.beforeRelu
    ? matchBehindRelu(quantized, before, statistics.targets, statistics.beforeRelu)
    : matchStatistics(quantized, before, statistics.targets);
  return { table: matched, relativeError: error };
}

/** Every `step`-th row of one array, then all of the other. @param width values per row */
function joinRows<Rows extends Float32Array | Uint32Array>(a: Rows, b: Rows, width: number, step: number): Rows {
  const kept = Math.ceil(a.length / width / step);
  const out = new (a.constructor as new (length: number) => Rows)(kept * width + b.length);
  for (let i = 0; i < kept; i++) out.set(a.subarray(i * step * width, (i * step + 1) * width), i * width);
  out.set(b, kept * width);
  return out;
}

/** Samples of `a`, evenly thinned to at most {@link STATISTICS_POSITIONS}, and all of `b`. */
function joinSamples(a: LayerSamples, b: LayerSamples, O: number): LayerSamples {
  const step = Math.max(1, Math.ceil(a.codes.count / STATISTICS_POSITIONS));
  const rows = joinRows(a.codes.rows, b.codes.rows, a.codes.slots, step);
  return {
    codes: { ...a.codes, count: rows.length / a.codes.slots, rows },
    targets: joinRows(a.targets, b.targets, O, step),
    ...(a.beforeRelu && b.beforeRelu && { beforeRelu: joinRows(a.beforeRelu, b.beforeRelu, O, step) }),
  };
}

/** Outputs of a quantized table. @returns [N, O] */
function predict(
  kernels: FitKernels,
  quantized: QuantizedTable,
  layout: CodebookLayout,
  codes: CodeSamples,
): Float32Array {
  const O = quantized.bias.length;
  const out = new Float32Array(codes.count * O);
  for (let i = 0; i < out.length; i++) out[i] = quantized.bias[i % O]!;
  addLookups(kernels, codes, dequantizeTable(quantized, layout), out, O, 1);
  return out;
}

/** Scale and shift per channel that give the predictions the mean and variance of the targets: a folded batch normalization, re-estimated. */
export function matchStatistics(
  quantized: QuantizedTable,
  predicted: Float32Array,
  targets: Float32Array,
): QuantizedTable {
  const O = quantized.bias.length;
  const is = channelMoments(predicted, O);
  const want = channelMoments(targets, O);
  const scale = quantized.scale.slice();
  const bias = quantized.bias.slice();
  for (let o = 0; o < O; o++) {
    const ratio = is.variance[o]! > 0 ? Math.sqrt(want.variance[o]! / is.variance[o]!) : 1;
    const gain = Math.min(LARGEST_GAIN, Math.max(1 / LARGEST_GAIN, ratio));
    scale[o]! *= gain;
    bias[o] = (bias[o]! - is.mean[o]!) * gain + want.mean[o]!;
  }
  return { table: quantized.table, scale, bias };
}

/**
 * The same for what a ReLU behind the layer lets through: scale and shift have no closed form there, but alternating corrections
 * settle quickly.
 * @param predicted [N, O]
 * @param targets [N, O] what the layer should compute
 * @param beforeRelu [N, O] the targets plus what is added between layer and ReLU
 */
export function matchBehindRelu(
  quantized: QuantizedTable,
  predicted: Float32Array,
  targets: Float32Array,
  beforeRelu: Float32Array,
): QuantizedTable {
  const O = quantized.bias.length;
  const n = predicted.length / O;
  const opened = beforeRelu.map((y) => Math.max(0, y));
  const want = channelMoments(opened, O);
  const scale = quantized.scale.slice();
  const bias = quantized.bias.slice();
  for (let o = 0; o < O; o++) {
    let gain = 1;
    let shift = 0;
    for (let round = 0; round < MATCHING_ROUNDS; round++) {
      let sum = 0;
      let squares = 0;
      let open = 0;
      for (let i = o; i < predicted.length; i += O) {
        const y = gain * predicted[i]! + shift + beforeRelu[i]! - targets[i]!;
        if (y <= 0) continue;
        sum += y;
        squares += y * y;
        open++;
      }
      // A channel that is never open has nothing to match.
      if (open === 0) break;
      const mean = sum / n;
      const variance = squares / n - mean * mean;
      if (variance > 0 && want.variance[o]! > 0) {
        const ratio = Math.sqrt(want.variance[o]! / variance);
        gain = Math.min(LARGEST_GAIN, Math.max(1 / LARGEST_GAIN, gain * ratio));
      }
      shift += ((want.mean[o]! - mean) * n) / Math.max(open, n / 8);
    }
    scale[o]! *= gain;
    bias[o] = bias[o]! * gain + shift;
  }
  return { table: quantized.table, scale, bias };
}

/** A LookUp node with its constants. */
export function lookUpNode(
  quantized: QuantizedTable,
  layout: CodebookLayout,
  name: string,
  codes: string,
  output: string,
  initializers: Map<string, TensorValue>,
): Node {
  const O = quantized.bias.length;
  const [th, tw] = layout.lookup.kernel;
  const rows = layout.codebooks * layout.geometry.centroids;
  const constants = {
    table: tensorValue('int8', [O, rows, th, tw], quantized.table),
    scale: tensorValue('float32', [O], quantized.scale),
    bias: tensorValue('float32', [O], quantized.bias),
  };
  const attributes = { K: layout.geometry.centroids, ...windowAttributes(layout.lookup) };
  return writeNode(LOOK_UP, name, codes, constants, output, attributes, initializers);
}
