import { simplify } from '../graph/passes/simplify.js';
import { producersOf } from '../graph/topology.js';
import type { Graph } from '../graph/types.js';
import { lookupLayers } from '../lut/coded/train/layers.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';
import type { TrainingSet } from './data/training-set.js';
import { forward } from './forward.js';

/**
 * Squared error of every lookup layer's output relative to the variance of the dense network's value of the same name; both networks get
 * the same examples, so that errors of earlier layers count. Layers whose value the dense network does not have are left out.
 * @returns by name of the LookUp node
 */
export async function layerErrors(
  lookup: Graph,
  dense: Graph,
  set: TrainingSet,
  indices: Int32Array,
  threads: number,
): Promise<Map<string, number>> {
  const reference = simplify(dense, COMPLETE_OPERATORS);
  const known = producersOf(reference.nodes);
  const layers = lookupLayers(lookup.nodes).filter(({ outputs }) => known.has(outputs[0]!));
  const outputs = layers.map(({ outputs: [name] }) => ({ name: name!, type: 'float32', dims: undefined }) as const);
  const values = async (graph: Graph) => {
    const all = new Map<string, Float32Array>();
    await forward(
      { ...graph, outputs },
      set,
      indices,
      threads,
      (results) => {
        for (const { name } of outputs) all.set(name, results[name]!.data as Float32Array);
      },
      indices.length,
    );
    return all;
  };
  const [theirs, ours] = [await values(reference), await values(lookup)];
  return new Map(
    layers.map(({ name, outputs: [output] }) => {
      const [y, z] = [theirs.get(output!)!, ours.get(output!)!];
      let mean = 0;
      for (const value of y) mean += value / y.length;
      let error = 0;
      let variance = 0;
      for (let i = 0; i < y.length; i++) {
        error += (z[i]! - y[i]!) ** 2;
        variance += (y[i]! - mean) ** 2;
      }
      return [name, error / Math.max(variance, Number.MIN_VALUE)];
    }),
  );
}
