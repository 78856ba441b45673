import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../convert/random.js';
import { elementCount } from '../../graph/tensor.js';
import type { TensorValue } from '../../graph/types.js';
import { denseNetwork } from '../dense-network.js';
import { createGraphRunner } from '../engine/runtime.js';
import { exportDense, withValues } from '../export-dense.js';
import { findNetwork, NETWORKS } from './networks.js';
import { InitialWeights } from './weights.js';

function examples(dims: readonly number[], count: number): TensorValue {
  const random = seededRandom(1);
  const shape = [count, ...dims];
  return {
    type: 'float32',
    dims: shape,
    data: Float32Array.from({ length: elementCount(shape) }, () => random() - 0.5),
  };
}

describe.each(NETWORKS.map((network) => [network.name, network] as const))('%s', (_, network) => {
  const inputs = examples(network.inputDims, 20);
  const { graph, parameters } = network.build({ classes: 7, seed: 1, examples: inputs });

  it('is the same for the same seed, and another for another', () => {
    const again = network.build({ classes: 7, seed: 1, examples: inputs });
    expect(again.graph).toEqual(graph);
    const other = network.build({ classes: 7, seed: 2, examples: inputs });
    expect(other.graph.initializers.get('stage1.conv.weight')).not.toEqual(
      graph.initializers.get('stage1.conv.weight'),
    );
  });

  it('is wide where it counts and stays small enough to ship as tables', () => {
    const convs = graph.nodes.filter(({ op }) => op === 'Conv').slice(1);
    const weights = convs.map(({ inputs: [, name] }) => graph.initializers.get(name!)!);
    for (const { dims } of weights) expect(dims[0]).toBeGreaterThanOrEqual(64);
    // A patch of nine weights becomes sixteen table entries of a byte.
    const tableBytes = weights.reduce((sum, { dims }) => sum + (elementCount(dims) * 16) / 9, 0);
    expect(tableBytes).toBeLessThan(3.5e6);
  });

  it('keeps the first layer and the scales as they are', () => {
    const { parameters: learned } = denseNetwork(graph, { classes: 7, parameters });
    expect(learned.has('stem.weight')).toBe(false);
    expect([...learned.keys()].some((name) => name.endsWith('.scale'))).toBe(false);
    expect(learned.has('stage1.conv.weight')).toBe(true);
  });

  it('ships as convolutions without normalization that compute the same', async () => {
    // A network starts with a last layer of zeros, whose answers would always agree.
    const head = new InitialWeights(5).he(graph.initializers.get('classifier.weight')!.dims);
    const trained = withValues(graph, new Map([['classifier.weight', head]]));
    const shipped = exportDense(trained, new Map());
    expect(shipped.nodes.some(({ op }) => op === 'BatchNormalization')).toBe(false);
    expect(shipped.inputs[0]!.dims).toEqual(['N', ...network.inputDims]);
    const run = async (which: typeof graph) => {
      const runner = await createGraphRunner(which);
      const outputs = await runner.run(new Map([[which.inputs[0]!.name, inputs]]));
      await runner.release();
      return outputs.get('logits')!;
    };
    const [a, b] = [await run(trained), await run(shipped)];
    expect(b.dims).toEqual([20, 7]);
    (a.data as Float32Array).forEach((value, i) => {
      expect(b.data[i] as number).toBeCloseTo(value, 4);
    });
  });
});

describe('findNetwork', () => {
  it('names the networks there are', () => {
    expect(() => findNetwork('vgg')).toThrow(/image32, wide32, image28, keywords/);
  });
});
