import { LutraError } from '../../../errors.js';
import type { Graph, TensorValue } from '../../../graph/types.js';
import { centreTable, permute, quantizePerOutput, roundWithin } from '../../tables.js';
import { canCentre, type QuantizedTable } from '../fit/tables.js';
import { MAX_SCORE_BIAS, MAX_SCORE_WEIGHT } from './assign.js';
import { productTables } from './factors.js';
import { largestLevel } from './fake-quantize.js';
import type { Encoding, LookupLayer } from './layers.js';
import { affineOf, type Offset } from './offset.js';
import type { ResolvedOptions } from './options.js';

/** Names of the initializers that a lookup layer is deployed from. */
export interface DeployedLayer {
  readonly encoding: Encoding;
  readonly layer: LookupLayer;
  readonly offset: Offset;
  /** The tables are a sum of products of weights [M, B·v, th, tw] and centroids [B, K, v], or free [taps, M, B·K]. */
  readonly tables: readonly { readonly weights: string; readonly centroids: string }[] | string;
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
    const [, tableName, scaleName, biasName] = layer.node.inputs as [string, string, string, string];
    const { table, scale, bias } = quantized(deployed, trained, options);
    initializers.set(tableName, { ...initializers.get(tableName)!, data: table });
    initializers.set(scaleName, { type: 'float32', dims: [scale.length], data: scale });
    initializers.set(biasName, { type: 'float32', dims: [bias.length], data: bias });
    if (!scores) continue;
    const [, , , Q, b] = encoding.node.inputs as [string, string, string, string, string];
    const integers = (name: string, limit: number) => trained(name).map((x) => roundWithin(x, limit));
    const weights = Int8Array.from(integers(scores.weights, MAX_SCORE_WEIGHT));
    const biases = Int32Array.from(integers(scores.biases, MAX_SCORE_BIAS));
    initializers.set(Q, { ...initializers.get(Q)!, data: weights });
    initializers.set(b, { ...initializers.get(b)!, data: biases });
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
      : tables
          .map(({ weights, centroids }) => productTables(layer, trained(weights), trained(centroids)))
          .reduce((sum, part) => sum.map((entry, i) => entry + part[i]!));
  const { factor, bias } = affineOf(offset, trained);
  const M = bias.length;
  const { taps } = layer.layout;
  const rows = real.length / (taps * M);
  if (factor) for (let i = 0; i < real.length; i++) real[i]! *= factor[Math.floor(i / rows) % M]!;
  // The forward pass of a training that rounds did so around zero; moving the middle would round otherwise.
  if (!exact && canCentre(layer.layout)) centreTable(real, bias, encoding.centroids, rows, 1);
  const { integers, scale } = quantizePerOutput(real, M, rows, largestLevel(bits));
  return { table: permute(integers, [taps, M, rows], [1, 2, 0]), scale, bias };
}
