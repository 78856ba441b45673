import { expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime, toOrt } from '../../test/onnxruntime.js';
import { noise } from '../../test/run-node.js';
import { Executor } from '../engine/executor.js';
import { GraphBuilder } from '../graph/builder.js';
import type { Graph } from '../graph/types.js';
import { COMPLETE_RUNTIME } from './complete.js';
import { CORE_RUNTIME } from './core.js';

/**
 * Two crops of an image are added behind a convolution: of the same size from 109 rows and columns on, and at 50 one of them is a single
 * row or column. A vector per image loses its batch when that is 1.
 */
function network(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', ['N', 4, 'H', 'W']);
  const crop = (from: number) =>
    b.node('Slice', [x, b.ints(from, from), b.ints(from + 60, from + 60), b.ints(2, 3)], {});
  const convolved = b.node('Conv', [crop(0), noise([4, 4, 3, 3], 1)], { pads: [1, 1, 1, 1] });
  b.output(b.node('Relu', [b.node('Add', [convolved, crop(49)])]));
  const half = b.node('Conv', [x, noise([4, 4, 3, 3], 2)], { strides: [2, 2], pads: [1, 1, 1, 1] });
  const mean = b.node('ReduceMean', [half], { axes: [2, 3] });
  b.output(b.node('Clip', [b.node('Add', [half, b.node('Conv', [mean, noise([4, 4, 1, 1], 3)])]), b.floats([], [-1])]));
  const vector = b.node('MatMul', [b.node('Squeeze', [mean]), noise([4, 3], 4)]);
  b.output(b.node('Add', [vector, noise([3], 5)]));
  return b.build();
}

it.each([
  ['core', CORE_RUNTIME],
  ['complete', COMPLETE_RUNTIME],
])('one session gives the answers of onnxruntime at every size: %s', async (_, runtime) => {
  const graph = network();
  const executor = await Executor.create(graph, runtime);
  const [large, small, equal, broadcasting] = [
    [3, 4, 224, 320],
    [2, 4, 50, 50],
    [2, 4, 120, 109],
    [1, 4, 50, 224],
  ];
  for (const dims of [large!, small!, equal!, broadcasting!, [1, 4, 1, 1], [5, 4, 130, 109], large!]) {
    const feeds = { x: noise(dims, 6) };
    const expected = await runInOnnxRuntime(graph, feeds);
    const actual = executor.run(feeds);
    for (const [name, tensor] of Object.entries(expected)) {
      expect(relativeDifference(tensor, toOrt(actual[name]!)), `${name} of ${dims}`).toBeLessThan(1e-5);
    }
  }
  executor.dispose();
});
