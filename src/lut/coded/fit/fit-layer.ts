import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { Checkpoint } from '../../../convert/progress.js';
import { tensorValue } from '../../../graph/tensor.js';
import type { Node, TensorValue } from '../../../graph/types.js';
import { LOOKUP_DOMAIN } from '../../domain.js';
import { centreTable } from '../../tables.js';
import type { CodebookLayout } from './geometry.js';
import type { FitKernels } from './kernels.js';
import { fitTable } from './ridge.js';
import { addLookups, type CodeSamples } from './samples.js';
import type { QuantizedTable } from './tables.js';
import { canCentre, dequantizeTable, priorTable, quantizeTable } from './tables.js';

/** Codes of the converted network and outputs of the dense one at the same output positions. */
export interface LayerSamples {
  readonly codes: CodeSamples;
  /** [N, O] what the layer should give, so that its value after a residual addition is the dense network's. */
  readonly targets: Float32Array;
  /** [N, O] the dense network's values as they enter a rectifier that follows; the targets plus what is added to them. */
  readonly rectified?: Float32Array;
}

export interface FittedLayer {
  readonly table: QuantizedTable;
  /** Σ (y − ŷ)² / Σ (y − mean of its channel)² over the held-out samples. */
  readonly relativeError: number;
}

/** Per-channel gain of the re-estimated normalization stays within this factor. */
const LARGEST_GAIN = 1.25;
/** Corrections of scale and shift where a rectifier follows. */
const MATCHING_ROUNDS = 8;
/** Training samples that take part in the statistics. */
const STATISTICS_POSITIONS = 8192;

/**
 * Fits the table of one layer: ridge regression around the dense layer's own outputs for the centroids, int8 with a scale per output
 * channel, then the statistics of every channel brought back to those of the dense layer.
 * @param training what the table is fitted to
 * @param heldOut what the error is measured on
 */
export async function fitLayer(
  kernels: FitKernels,
  site: DenseLayer,
  layout: CodebookLayout,
  centroids: readonly Float32Array[],
  training: LayerSamples,
  heldOut: LayerSamples,
  options: { readonly lambda: number; readonly normalize: boolean; readonly regression: boolean },
  checkpoint: Checkpoint,
): Promise<FittedLayer> {
  const O = site.outputChannels;
  const K = layout.geometry.centroids;
  const bias = Float32Array.from(site.bias);
  const table = priorTable(site, layout, centroids);
  if (options.regression) {
    const residual = training.targets.slice();
    for (let i = 0; i < residual.length; i++) residual[i]! -= bias[i % O]!;
    addLookups(kernels, training.codes, table, residual, O, -1);
    await checkpoint(0);
    const change = await fitTable(kernels, training.codes, residual, O, options.lambda, checkpoint, training.rectified);
    for (let i = 0; i < table.length; i++) table[i]! += change[i]!;
  }
  if (canCentre(layout)) centreTable(table, bias, K, 1, O);
  let quantized = quantizeTable(table, bias, layout);
  const predicted = predict(kernels, quantized, layout, heldOut.codes);
  if (options.normalize) {
    // A few held-out examples alone would make noisy means.
    const statistics = joinSamples(thinSamples(training, STATISTICS_POSITIONS), heldOut);
    const before = predict(kernels, quantized, layout, statistics.codes);
    quantized = statistics.rectified
      ? matchRectified(quantized, before, statistics.targets, statistics.rectified)
      : matchStatistics(quantized, before, statistics.targets);
  }
  const { rectified, targets } = heldOut;
  if (!rectified) return { table: quantized, relativeError: relativeError(predicted, targets, O) };
  const after = predicted.map((y, i) => Math.max(0, y + rectified[i]! - targets[i]!));
  const wanted = rectified.map((y) => Math.max(0, y));
  return { table: quantized, relativeError: relativeError(after, wanted, O) };
}

/** Every n-th sample, so that at most `count` remain. */
function thinSamples({ codes, targets, rectified }: LayerSamples, count: number): LayerSamples {
  const step = Math.max(1, Math.ceil(codes.count / count));
  const kept = Math.ceil(codes.count / step);
  const O = targets.length / codes.count;
  const rows = new Uint32Array(kept * codes.slots);
  for (let i = 0; i < kept; i++) {
    rows.set(codes.rows.subarray(i * step * codes.slots, (i * step + 1) * codes.slots), i * codes.slots);
  }
  const thin = (values: Float32Array) => {
    const thinned = new Float32Array(kept * O);
    for (let i = 0; i < kept; i++) thinned.set(values.subarray(i * step * O, (i * step + 1) * O), i * O);
    return thinned;
  };
  return {
    codes: { ...codes, count: kept, rows },
    targets: thin(targets),
    ...(rectified && { rectified: thin(rectified) }),
  };
}

function joinSamples(a: LayerSamples, b: LayerSamples): LayerSamples {
  const rows = new Uint32Array(a.codes.rows.length + b.codes.rows.length);
  rows.set(a.codes.rows);
  rows.set(b.codes.rows, a.codes.rows.length);
  const join = (x: Float32Array, y: Float32Array) => {
    const joined = new Float32Array(x.length + y.length);
    joined.set(x);
    joined.set(y, x.length);
    return joined;
  };
  return {
    codes: { ...a.codes, count: a.codes.count + b.codes.count, rows },
    targets: join(a.targets, b.targets),
    ...(a.rectified && b.rectified && { rectified: join(a.rectified, b.rectified) }),
  };
}

/** Outputs of a quantized table. @returns [N, O] */
export function predict(
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

function channelMoments(values: Float32Array, O: number): { mean: Float64Array; variance: Float64Array } {
  const n = values.length / O;
  const mean = new Float64Array(O);
  const variance = new Float64Array(O);
  for (let i = 0; i < values.length; i++) mean[i % O]! += values[i]! / n;
  for (let i = 0; i < values.length; i++) variance[i % O]! += (values[i]! - mean[i % O]!) ** 2 / n;
  return { mean, variance };
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
 * The same for what a rectifier behind the layer lets through: scale and shift have no closed form there, but alternating corrections
 * settle quickly.
 * @param predicted [N, O]
 * @param targets [N, O] what the layer should give
 * @param rectified [N, O] the targets plus what is added between layer and rectifier
 */
export function matchRectified(
  quantized: QuantizedTable,
  predicted: Float32Array,
  targets: Float32Array,
  rectified: Float32Array,
): QuantizedTable {
  const O = quantized.bias.length;
  const n = predicted.length / O;
  const want = channelMoments(
    rectified.map((y) => Math.max(0, y)),
    O,
  );
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
        const y = gain * predicted[i]! + shift + rectified[i]! - targets[i]!;
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

/** Squared error over the variance of the targets around their channel means. */
export function relativeError(predicted: Float32Array, targets: Float32Array, O: number): number {
  const { variance } = channelMoments(targets, O);
  let error = 0;
  for (let i = 0; i < targets.length; i++) error += (targets[i]! - predicted[i]!) ** 2;
  const total = variance.reduce((sum, x) => sum + x, 0) * (targets.length / O);
  return total > 0 ? error / total : error > 0 ? Infinity : 0;
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
  initializers.set(`${name}.table`, tensorValue('int8', [O, rows, th, tw], quantized.table));
  initializers.set(`${name}.scale`, tensorValue('float32', [O], quantized.scale));
  initializers.set(`${name}.bias`, tensorValue('float32', [O], quantized.bias));
  return {
    name,
    op: 'LookUp',
    domain: LOOKUP_DOMAIN,
    inputs: [codes, `${name}.table`, `${name}.scale`, `${name}.bias`],
    outputs: [output],
    attributes: {
      K: layout.geometry.centroids,
      kernel_shape: [th, tw],
      strides: [...layout.lookup.strides],
      pads: [...layout.lookup.pads],
    },
  };
}
