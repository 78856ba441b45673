import { LutraError } from '../../../errors.js';
import type { Graph, TensorValue } from '../../../graph/types.js';
import { MAX_SCORE_BIAS, MAX_WEIGHT } from '../../limits.js';
import { inputsOf } from '../../operator.js';
import { centreTable, permute, quantizePerOutput, roundWithin } from '../../tables.js';
import { canCentre, type QuantizedTable } from '../fit/tables.js';
import { ENCODE, LOOK_UP } from '../spec.js';
import { productTables } from './factors.js';
import { largestEntry } from './fake-quantize.js';
import type { EncoderLayer, LookupLayer } from './layers.js';
import { affineOf, type Offset } from './offset.js';
import type { ResolvedOptions } from './options.js';

/** Names of the initializers that a lookup layer is deployed from. */
export interface DeployedLayer {
  readonly encoder: EncoderLayer;
  readonly layer: LookupLayer;
  readonly offset: Offset;
  /** The tables are products of weights [M, B·v, th, tw] and centroids [B, K, v], or free [taps, M, B·K]. */
  readonly tables: { readonly weights: string; readonly centroids: string } | string;
  /** Learned scores: Q and b as float32. */
  readonly scores: { readonly weights: string; readonly biases: string } | undefined;
}

interface TrainedLayers {
  /** The lookup network before training. */
  readonly graph: Graph;
  readonly layers: readonly DeployedLayer[];
  /** Initial values of all initializers of the training network. */
  readonly initial: ReadonlyMap<string, TensorValue>;
}

/** @throws LutraError `INVALID_ARGUMENT` for a value that is missing, of another shape or not finite */
export function deployLookup(
  { graph, layers, initial }: TrainedLayers,
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
    const { encoder, layer, scores } = deployed;
    const names = inputsOf(LOOK_UP, layer.node);
    const { table, scale, bias } = quantized(deployed, trained, options);
    const set = (name: string, data: TensorValue['data']) =>
      initializers.set(name, { ...graph.initializers.get(name)!, data });
    set(names.table, table);
    set(names.scale, scale);
    set(names.bias, bias);
    if (!scores) continue;
    const { Q, b } = inputsOf(ENCODE, encoder.node);
    const integers = (name: string, limit: number) => trained(name).map((x) => roundWithin(x, limit));
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
  { encoder, layer, offset, tables }: DeployedLayer,
  trained: (name: string) => Float32Array,
  { quantized: exact, bits }: Pick<ResolvedOptions, 'quantized' | 'bits'>,
): QuantizedTable {
  const real =
    typeof tables === 'string'
      ? trained(tables).slice()
      : productTables(layer, trained(tables.weights), trained(tables.centroids));
  const { factor, bias } = affineOf(offset, trained);
  const M = bias.length;
  const { taps } = layer.layout;
  const rows = real.length / (taps * M);
  if (factor) for (let i = 0; i < real.length; i++) real[i]! *= factor[Math.floor(i / rows) % M]!;
  // The forward pass of a training that rounds did so around zero; moving the middle would round otherwise.
  if (!exact && canCentre(layer.layout)) centreTable(real, bias, encoder.centroids, rows, 1);
  const { integers, scale } = quantizePerOutput(real, M, rows, largestEntry(bits));
  return { table: permute(integers, [taps, M, rows], [1, 2, 0]), scale, bias };
}
