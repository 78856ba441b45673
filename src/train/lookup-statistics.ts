import { elementCount } from '../graph/tensor.js';
import type { Graph } from '../graph/types.js';
import { lookupLayers } from '../lut/coded/train/layers.js';
import type { LayerStatistics } from '../lut/coded/train/offset.js';
import type { TrainingSet } from './data/training-set.js';
import { forward } from './forward.js';

/** Sums of values and of their squares per channel, [M]. */
interface Sums {
  readonly first: Float64Array;
  readonly second: Float64Array;
  count: number;
}

/**
 * Statistics of the outputs of all lookup layers on examples.
 * @returns by name of the LookUp node
 */
export async function lookupStatistics(
  lookup: Graph,
  set: TrainingSet,
  indices: Int32Array,
  threads: number,
): Promise<Map<string, LayerStatistics>> {
  const layers = lookupLayers(lookup.nodes);
  const outputs = layers.map(({ outputs: [name] }) => ({ name: name!, type: 'float32', dims: undefined }) as const);
  const sums = new Map<string, Sums>();
  await forward({ ...lookup, outputs }, set, indices, threads, (results) => {
    for (const { name } of outputs) {
      const { data, dims } = results[name]!;
      const channels = dims[1]!;
      const positions = elementCount(dims.slice(2));
      const sum = sums.get(name) ?? { first: new Float64Array(channels), second: new Float64Array(channels), count: 0 };
      for (let i = 0; i < data.length; i++) {
        const m = Math.floor(i / positions) % channels;
        const value = data[i] as number;
        sum.first[m]! += value;
        sum.second[m]! += value * value;
      }
      sum.count += data.length / channels;
      sums.set(name, sum);
    }
  });
  return new Map(
    layers.map(({ name, outputs: [output] }) => {
      const { first, second, count } = sums.get(output!)!;
      const mean = Float32Array.from(first, (value) => value / count);
      const variance = Float32Array.from(second, (value, m) => Math.max(0, value / count - (first[m]! / count) ** 2));
      return [name, { mean, variance }];
    }),
  );
}
