import { Executor } from '../engine/executor.js';
import { elementCount } from '../graph/tensor.js';
import type { Graph, TensorValue } from '../graph/types.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';
import { examplesOf } from './calibration.js';
import type { DenseLayer } from './dense-layers.js';
import type { LiveValues } from './segment.js';

/** Height and width of a layer's input for one example; a linear layer has its rows as width. */
export type InputSize = readonly [height: number, width: number];

/** Runs one example and reads the shapes of every layer's input. */
export async function measureSizes(
  graph: Graph,
  layers: readonly DenseLayer[],
  batch: LiveValues,
): Promise<ReadonlyMap<DenseLayer, InputSize>> {
  const produced = new Set(graph.nodes.flatMap((node) => node.outputs));
  const names = [...new Set(layers.map((layer) => layer.input))].filter((name) => produced.has(name));
  const feeds: Record<string, TensorValue> = {};
  let examples = 1;
  for (const { name, dims } of graph.inputs) {
    const value = batch.get(name)!;
    const fixed = typeof dims?.[0] === 'number';
    if (fixed) examples = value.dims[0]!;
    feeds[name] = fixed ? value : examplesOf(value, 0, 1);
  }
  const probe: Graph = { ...graph, outputs: names.map((name) => ({ name, type: 'float32', dims: undefined })) };
  const executor = await Executor.create(probe, COMPLETE_RUNTIME, { threads: 1 });
  try {
    const values: Record<string, TensorValue> = names.length > 0 ? executor.run(feeds) : {};
    return new Map(
      layers.map((layer) => {
        const { dims } = values[layer.input] ?? feeds[layer.input]!;
        const size: InputSize =
          layer.kind === 'conv' ? [dims[2]!, dims[3]!] : [1, elementCount(dims) / layer.inputChannels / examples];
        return [layer, size];
      }),
    );
  } finally {
    executor.dispose();
  }
}
