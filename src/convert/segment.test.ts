import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { tensorValue } from '../graph/tensor.js';
import { runNodes } from './segment.js';

it('reshapes by sizes that an earlier part computed, also when the last batch is smaller', async () => {
  const b = new GraphBuilder();
  const x = b.input('x', ['N', 2, 3]);
  const batch = b.node('Gather', [b.node('Shape', [x]), b.ints(0)], { axis: 0 });
  const shape = b.node('Concat', [batch, b.ints(-1)], { axis: 0 }, { outputs: ['shape'] });
  b.output(b.node('Reshape', [x, shape], {}, { outputs: ['y'] }));
  const graph = b.build();
  const [first, second] = [graph.nodes.slice(0, 3), graph.nodes.slice(3)];
  const batches = [4, 4, 1].map((n) => new Map([['x', tensorValue('float32', [n, 2, 3], new Float32Array(n * 6))]]));
  const sizes = await runNodes(graph, first, { batches }, new Set(['x', 'shape']), () => undefined);
  const result = await runNodes(graph, second, sizes, new Set(['y']), () => undefined);
  expect(result.batches.map((live) => live.get('y')?.dims)).toEqual([
    [4, 6],
    [4, 6],
    [1, 6],
  ]);
});
