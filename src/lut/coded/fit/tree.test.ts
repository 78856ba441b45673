import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../convert/random.js';
import { Executor } from '../../../engine/executor.js';
import { tensorValue } from '../../../graph/tensor.js';
import type { Graph, TensorValue } from '../../../graph/types.js';
import { COMPLETE_RUNTIME } from '../../../plan/complete.js';
import { POINT } from '../../window.js';
import { encodeNode } from './codebooks.js';
import { fitTree } from './tree.js';

function squaredError(points: Float32Array, v: number, assignment: ArrayLike<number>, buckets: number): number {
  let total = 0;
  for (let k = 0; k < buckets; k++) {
    for (let j = 0; j < v; j++) {
      const own: number[] = [];
      for (let i = 0; i < assignment.length; i++) if (assignment[i] === k) own.push(points[i * v + j]!);
      const mean = own.reduce((sum, x) => sum + x, 0) / (own.length || 1);
      for (const x of own) total += (x - mean) ** 2;
    }
  }
  return total;
}

describe('fitTree', () => {
  const [n, v] = [300, 3];
  const random = seededRandom(21);
  const quantized = Uint8Array.from({ length: n * v }, () => Math.floor(random() * 128));
  const points = Float32Array.from(quantized);
  const tree = fitTree(quantized, points, v);

  it('assigns its training points to the leaves that EncodeTree finds', async () => {
    const initializers = new Map<string, TensorValue>();
    const parameters: [string, TensorValue][] = [
      ['features', tensorValue('int32', [1, 4], tree.features)],
      ['thresholds', tensorValue('uint8', [1, 15], tree.thresholds)],
    ];
    const books = { encoder: 'tree', scale: { scale: 1, zeroPoint: 0 }, parameters } as const;
    const geometry = { kind: 'pixel', channels: v, centroids: 16 } as const;
    const layout = { geometry, encode: POINT, lookup: POINT, codebooks: 1, values: v, taps: 1 };
    const graph: Graph = {
      name: 'tree',
      opset: { '': 17, lutra: 1 },
      inputs: [{ name: 'x', type: 'float32', dims: [n, v, 1, 1] }],
      outputs: [{ name: 'codes', type: 'uint8', dims: [n, 1, 1, 1] }],
      nodes: [encodeNode(books, layout, 'encode', 'x', 'codes', initializers)],
      initializers,
      metadata: {},
    };
    const executor = await Executor.create(graph, COMPLETE_RUNTIME);
    const { codes } = executor.run({ x: tensorValue('float32', [n, v, 1, 1], points) });
    executor.dispose();
    expect(codes!.data).toEqual(tree.assignment);
  });

  it('splits the root as an exhaustive search does', () => {
    let best = Infinity;
    for (let feature = 0; feature < v; feature++) {
      for (let cut = 0; cut < 128; cut++) {
        const split = Array.from({ length: n }, (_, i) => (quantized[i * v + feature]! > cut ? 1 : 0));
        best = Math.min(best, squaredError(points, v, split, 2));
      }
    }
    const [feature, cut] = [tree.features[0]!, tree.thresholds[0]!];
    const split = Array.from({ length: n }, (_, i) => (quantized[i * v + feature]! > cut ? 1 : 0));
    expect(squaredError(points, v, split, 2)).toBeCloseTo(best, 2);
  });

  it('lowers the error at every step', () => {
    const errors = [0, 1, 2, 3, 4].map((depth) =>
      squaredError(
        points,
        v,
        Array.from(tree.assignment, (code) => code >> (4 - depth)),
        1 << depth,
      ),
    );
    for (let depth = 1; depth < errors.length; depth++) expect(errors[depth]).toBeLessThan(errors[depth - 1]!);
  });
});
