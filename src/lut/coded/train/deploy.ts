import { LutraError } from '../../../errors.js';
import type { Graph, TensorValue } from '../../../graph/types.js';
import { roundHalfEven } from '../../../rounding.js';
import { MAX_SCORE_BIAS, MAX_WEIGHT } from '../../limits.js';
import { inputsOf } from '../../operator.js';
import { canCentre, type QuantizedTable } from '../fit/tables.js';
import { ENCODE, LOOK_UP } from '../spec.js';
import { productTables } from './factors.js';
import { largestEntry } from './fake-quantize.js';
import type { Encoding, LookupLayer } from './layers.js';
import { affineOf, type Offset } from './offset.js';
import type { ResolvedOptions } from './options.js';

/** Names of the initializers that a lookup layer is deployed from. */
export interface DeployedLayer {
  readonly encoding: Encoding;
  readonly layer: LookupLayer;
  readonly offset: Offset;
  /** The tables are products of weights [M, B·v, th, tw] and centroids [B, K, v], or free [taps, M, B·K]. */
  readonly tables: { readonly weights: string; readonly centroids: string } | string;
  /** Learned scores: Q and b as float32. */
  readonly scores?: { readonly weights: string; readonly biases: string };
}

export interface DeployPlan {
  /** The lookup network before training. */
  readonly graph: Graph;
  readonly layers: readonly DeployedLayer[];
  /** Initial values of all initializers of the training network. */
  readonly initial: ReadonlyMap<string, TensorValue>;
}

/** @throws LutraError `INVALID_ARGUMENT` for a value that is missing, of another shape or not finite */
export function deployLookup(
  { graph, layers, initial }: DeployPlan,
  values: ReadonlyMap<string, TensorValue>,
  options: Pick<ResolvedOptions, 'quantized' | 'bits'>,
): Graph {
  const trained = (name: string) => checked(name, values.get(name) ?? initial.get(name)!, initial.get(name)!);
  const initializers = new Map(graph.initializers);
  for (const [name, value] of values) {
    // What is not part of a lookup layer has kept its name.
    if (graph.initializers.get(name)?.type === value.type) initializers.set(name, { ...value, data: trained(name) });
  }
  for (const deployed of layers) {
    const { encoding, layer, scores } = deployed;
    const names = inputsOf(LOOK_UP, layer.node);
    const { table, scale, bias } = quantized(deployed, trained, options);
    const set = (name: string, data: TensorValue['data']) =>
      initializers.set(name, { ...graph.initializers.get(name)!, data });
    set(names.table, table);
    set(names.scale, scale);
    set(names.bias, bias);
    if (!scores) continue;
    const { Q, b } = inputsOf(ENCODE, encoding.node);
    const integers = (name: string, limit: number) =>
      trained(name).map((x) => Math.max(-limit, Math.min(limit, roundHalfEven(x))));
    set(Q, Int8Array.from(integers(scores.weights, MAX_WEIGHT)));
    set(b, Int32Array.from(integers(scores.biases, MAX_SCORE_BIAS)));
  }
  return { ...graph, initializers };
}

function checked(name: string, value: TensorValue, like: TensorValue): Float32Array {
  const data = value.data as Float32Array;
  const fits = value.type === 'float32' && `${value.dims}` === `${like.dims}`;
  if (!fits || !data.every(Number.isFinite)) {
    throw new LutraError('INVALID_ARGUMENT', `the value of "${name}" cannot be deployed`, {
      expected: `finite float32[${like.dims}]`,
      actual: fits ? 'NaN or infinity' : `${value.type}[${value.dims}]`,
    });
  }
  return data;
}

function quantized(
  { encoding, layer, offset, tables }: DeployedLayer,
  trained: (name: string) => Float32Array,
  { quantized: exact, bits }: Pick<ResolvedOptions, 'quantized' | 'bits'>,
): QuantizedTable {
  const real =
    typeof tables === 'string'
      ? trained(tables).slice()
      : productTables(layer, trained(tables.weights), trained(tables.centroids));
  const { factor, bias } = affineOf(offset, trained);
  if (factor) scaleRows(real, factor, layer);
  // The forward pass of a training that rounds did so around zero; moving the middle would round otherwise.
  if (!exact && canCentre(layer.layout)) centre(real, bias, encoding.centroids);
  return roundTables(real, bias, layer, largestEntry(bits));
}

/** @param real [taps, M, B·K], changed in place. @param factor [M] */
function scaleRows(real: Float32Array, factor: Float32Array, { layout: { taps } }: LookupLayer): void {
  const M = factor.length;
  const rows = real.length / (taps * M);
  for (let i = 0; i < real.length; i++) real[i]! *= factor[Math.floor(i / rows) % M]!;
}

/** Moves the mean of every codebook's entries into the bias, which shrinks the range to round. @param real [1, M, B·K], changed in place */
function centre(real: Float32Array, bias: Float32Array, K: number): void {
  const rows = real.length / bias.length;
  for (let at = 0; at < real.length; at += K) {
    let mean = 0;
    for (let k = 0; k < K; k++) mean += real[at + k]! / K;
    for (let k = 0; k < K; k++) real[at + k]! -= mean;
    bias[Math.floor(at / rows)]! += mean;
  }
}

/** The arithmetic of FakeQuantize. @param real [taps, M, B·K] */
function roundTables(real: Float32Array, bias: Float32Array, { layout }: LookupLayer, limit: number): QuantizedTable {
  const M = bias.length;
  const { taps } = layout;
  const rows = real.length / (taps * M);
  const scale = new Float32Array(M);
  const table = new Int8Array(real.length);
  for (let m = 0; m < M; m++) {
    let largest = 0;
    for (let tap = 0; tap < taps; tap++) {
      for (let row = 0; row < rows; row++) largest = Math.max(largest, Math.abs(real[(tap * M + m) * rows + row]!));
    }
    scale[m] = largest > 0 ? largest / limit : 1;
    for (let tap = 0; tap < taps; tap++) {
      for (let row = 0; row < rows; row++) {
        const entry = roundHalfEven(Math.fround(real[(tap * M + m) * rows + row]! / scale[m]!));
        table[(m * rows + row) * taps + tap] = Math.max(-limit, Math.min(limit, entry));
      }
    }
  }
  return { table, scale, bias };
}
