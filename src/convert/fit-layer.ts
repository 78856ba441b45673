import { LOOKUP_DOMAIN } from '../graph/lookup.js';
import { tensorValue } from '../graph/tensor.js';
import type { Node, TensorValue } from '../graph/types.js';
import type { CodebookLayout } from './geometry.js';
import type { Checkpoint } from './progress.js';
import type { CodeSamples } from './ridge.js';
import { addLookups, fitTable } from './ridge.js';
import type { LayerSite } from './sites.js';
import type { QuantisedTable } from './tables.js';
import { canCentre, centreTable, dequantiseTable, priorTable, quantiseTable } from './tables.js';

/** Codes of the converted network and outputs of the dense one at the same output positions. */
export interface LayerSamples {
  readonly codes: CodeSamples;
  /** [N, O] */
  readonly targets: Float32Array;
}

export interface FittedLayer {
  readonly table: QuantisedTable;
  /** Σ (y − ŷ)² / Σ (y − mean of its channel)² over the held-out samples. */
  readonly relativeError: number;
}

/** Per-channel gain of the re-estimated normalisation stays within this factor. */
const LARGEST_GAIN = 2;
/** Training samples that take part in the statistics. */
const STATISTICS_POSITIONS = 8192;

/**
 * Fits the table of one layer: ridge regression around the dense layer's own outputs for the centroids, int8 with a scale per output
 * channel, then the statistics of every channel brought back to those of the dense layer.
 * @param training what the table is fitted to
 * @param heldOut what the error is measured on
 */
export async function fitLayer(
  site: LayerSite,
  layout: CodebookLayout,
  centroids: readonly Float32Array[],
  training: LayerSamples,
  heldOut: LayerSamples,
  options: { readonly lambda: number; readonly normalise: boolean },
  checkpoint: Checkpoint,
): Promise<FittedLayer> {
  const O = site.outputChannels;
  const K = layout.geometry.centroids;
  const bias = Float32Array.from(site.bias);
  const table = priorTable(site, layout, centroids);
  const residual = training.targets.slice();
  for (let i = 0; i < residual.length; i++) residual[i]! -= bias[i % O]!;
  addLookups(training.codes, table, residual, O, -1);
  await checkpoint(0);
  const change = await fitTable(training.codes, residual, O, options.lambda, checkpoint);
  for (let i = 0; i < table.length; i++) table[i]! += change[i]!;
  if (canCentre(layout)) centreTable(table, bias, K);
  let quantised = quantiseTable(table, bias, layout);
  const predicted = predict(quantised, layout, heldOut.codes);
  if (options.normalise) {
    // A few held-out examples alone would make noisy means.
    const statistics = joinSamples(thinSamples(training, STATISTICS_POSITIONS), heldOut);
    quantised = matchStatistics(quantised, predict(quantised, layout, statistics.codes), statistics.targets);
  }
  return { table: quantised, relativeError: relativeError(predicted, heldOut.targets, O) };
}

/** Every n-th sample, so that at most `count` remain. */
function thinSamples({ codes, targets }: LayerSamples, count: number): LayerSamples {
  const step = Math.max(1, Math.ceil(codes.count / count));
  const kept = Math.ceil(codes.count / step);
  const O = targets.length / codes.count;
  const rows = new Uint32Array(kept * codes.slots);
  const thinned = new Float32Array(kept * O);
  for (let i = 0; i < kept; i++) {
    const from = i * step;
    rows.set(codes.rows.subarray(from * codes.slots, (from + 1) * codes.slots), i * codes.slots);
    thinned.set(targets.subarray(from * O, (from + 1) * O), i * O);
  }
  return { codes: { ...codes, count: kept, rows }, targets: thinned };
}

function joinSamples(a: LayerSamples, b: LayerSamples): LayerSamples {
  const rows = new Uint32Array(a.codes.rows.length + b.codes.rows.length);
  rows.set(a.codes.rows);
  rows.set(b.codes.rows, a.codes.rows.length);
  const targets = new Float32Array(a.targets.length + b.targets.length);
  targets.set(a.targets);
  targets.set(b.targets, a.targets.length);
  return { codes: { ...a.codes, count: a.codes.count + b.codes.count, rows }, targets };
}

/** Outputs of a quantised table. @returns [N, O] */
export function predict(quantised: QuantisedTable, layout: CodebookLayout, codes: CodeSamples): Float32Array {
  const O = quantised.bias.length;
  const out = new Float32Array(codes.count * O);
  for (let i = 0; i < out.length; i++) out[i] = quantised.bias[i % O]!;
  addLookups(codes, dequantiseTable(quantised, layout), out, O, 1);
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

/** Scale and shift per channel that give the predictions the mean and variance of the targets: a folded batch normalisation, re-estimated. */
export function matchStatistics(
  quantised: QuantisedTable,
  predicted: Float32Array,
  targets: Float32Array,
): QuantisedTable {
  const O = quantised.bias.length;
  const is = channelMoments(predicted, O);
  const want = channelMoments(targets, O);
  const scale = quantised.scale.slice();
  const bias = quantised.bias.slice();
  for (let o = 0; o < O; o++) {
    const ratio = is.variance[o]! > 0 ? Math.sqrt(want.variance[o]! / is.variance[o]!) : 1;
    const gain = Math.min(LARGEST_GAIN, Math.max(1 / LARGEST_GAIN, ratio));
    scale[o]! *= gain;
    bias[o] = (bias[o]! - is.mean[o]!) * gain + want.mean[o]!;
  }
  return { table: quantised.table, scale, bias };
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
  quantised: QuantisedTable,
  layout: CodebookLayout,
  name: string,
  codes: string,
  output: string,
  initializers: Map<string, TensorValue>,
): Node {
  const O = quantised.bias.length;
  const [th, tw] = layout.lookup.kernel;
  const rows = layout.codebooks * layout.geometry.centroids;
  initializers.set(`${name}.table`, tensorValue('int8', [O, rows, th, tw], quantised.table));
  initializers.set(`${name}.scale`, tensorValue('float32', [O], quantised.scale));
  initializers.set(`${name}.bias`, tensorValue('float32', [O], quantised.bias));
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
