import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convert } from '../../src/convert/convert.js';
import { seededRandom } from '../../src/convert/random.js';
import { Executor } from '../../src/engine/executor.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { ENCODE, LOOK_UP } from '../../src/lut/coded/spec.js';
import { inputsOf, isNode } from '../../src/lut/operator.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import { separateTaps } from './separate-taps.js';

interface Shape {
  readonly kernel: [number, number];
  readonly strides: [number, number];
  readonly pads: [number, number, number, number];
}

/** conv 3×3 (2→4) · relu · conv (4→6) · mean over positions · linear (6→3) */
function network({ kernel, strides, pads }: Shape): Graph {
  const random = seededRandom(5);
  const b = new GraphBuilder({ opset: 17 });
  const values = (dims: number[]) => {
    const count = dims.reduce((a, c) => a * c, 1);
    return b.floats(
      dims,
      Float32Array.from({ length: count }, () => random() - 0.5),
    );
  };
  const stem = b.node('Conv', [b.input('x', ['N', 2, 7, 6]), values([4, 2, 3, 3])], { pads: [1, 1, 1, 1] });
  const conv = b.node('Conv', [b.node('Relu', [stem]), values([6, 4, ...kernel]), values([6])], { strides, pads });
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [b.node('Relu', [conv])])]);
  b.output(b.node('Gemm', [flat, values([3, 6])], { transB: 1 }), ['N', 3]);
  return b.build();
}

function images(count: number): TensorValue {
  const random = seededRandom(6);
  const data = Float32Array.from({ length: count * 84 }, () => random() * 2 - 1);
  return { type: 'float32', dims: [count, 2, 7, 6], data };
}

async function logits(graph: Graph, x: TensorValue): Promise<number[]> {
  const executor = await Executor.create(graph, COMPLETE_RUNTIME);
  return [...(Object.values(executor.run({ x }))[0]!.data as Float32Array)];
}

describe('separateTaps', () => {
  it('does not change what the network computes', async () => {
    const size = fc.integer({ min: 1, max: 3 });
    const pad = fc.integer({ min: 0, max: 2 });
    const shape = fc.record({
      kernel: fc.tuple(size, size),
      strides: fc.tuple(size, size),
      pads: fc.tuple(pad, pad, pad, pad),
    });
    const x = images(2);
    await fc.assert(
      fc.asyncProperty(shape, fc.constantFrom('row' as const, 'pixel' as const), async (of, kind) => {
        const dense = network(of);
        const expected = await logits(dense, x);
        const found = await logits(separateTaps(dense, kind), x);
        for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['row', [1, 3], 12],
    ['pixel', [1, 1], 36],
  ] as const)('gives every tap of a %s codebooks of its own', async (kind, window, codebooks) => {
    const dense = separateTaps(network({ kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] }), kind);
    const { graph } = await convert(
      dense,
      { feeds: [images(8)] },
      {
        layers: [dense.nodes.filter(({ op }) => op === 'Conv')[1]!.name],
        geometry: { conv: { kind: 'row', channels: 1 }, pointwise: 1 },
        centroids: 8,
      },
    );
    const encode = graph.nodes.filter((node) => isNode(ENCODE, node));
    expect(encode.map(({ attributes }) => [attributes.group, attributes.kernel_shape])).toContainEqual([
      codebooks,
      [...window],
    ]);
    const lookUp = graph.nodes.filter((node) => isNode(LOOK_UP, node));
    for (const node of lookUp)
      expect(graph.initializers.get(inputsOf(LOOK_UP, node).table)!.dims.slice(2)).toEqual([1, 1]);
  });
});
