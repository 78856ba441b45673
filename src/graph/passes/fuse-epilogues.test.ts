import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime } from '../../../test/onnxruntime.js';
import { randomGraph } from '../../../test/random-graph.js';
import { bindDeclared } from '../../../test/support/bind.js';
import { Executor } from '../../engine/executor.js';
import { COMPLETE_RUNTIME } from '../../plan/complete.js';
import { GraphBuilder } from '../builder.js';
import type { Graph } from '../types.js';

function weight(dims: number[]) {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { type: 'float32' as const, dims, data: new Float32Array(length).fill(0.5) };
}

/** relu(x + conv(x)) with the given dimensions of x, and what else `extend` adds. */
function block(dims: (number | string)[], channels = 4, extend?: (b: GraphBuilder, convolved: string) => void): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', dims);
  const y = b.node('Conv', [x, weight([channels, 4, 3, 3])], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] });
  b.output(b.node('Relu', [b.node('Add', [x, y])]));
  extend?.(b, y);
  return b.build();
}

const shape = (graph: Graph) => bindDeclared(graph, { H: 7, W: 9 }).nodes.map(({ op, epilogue }) => [op, epilogue]);

describe('fuseEpilogues', () => {
  it.each([[['N', 4, 8, 8]], [['N', 4, 'H', 'W']], [[1, 4, 8, 8]]])('fuses the block of a ResNet over %j', (dims) => {
    expect(shape(block(dims))).toEqual([['Conv', { residual: 'x', activation: { kind: 'Relu' } }]]);
  });

  it('leaves a sum that broadcasts', () => {
    const b = new GraphBuilder();
    const x = b.input('x', ['N', 4, 8, 8]);
    const pooled = b.node('GlobalAveragePool', [x]);
    b.output(b.node('Add', [pooled, b.node('Conv', [x, weight([4, 4, 1, 1])])]));
    expect(shape(b.build()).map(([op]) => op)).toEqual(['GlobalAveragePool', 'Conv', 'Add']);
  });

  it('leaves values that others read, and gives what follows to the sum', () => {
    const relu = { activation: { kind: 'Relu' } };
    const read = block(['N', 4, 8, 8], 4, (b, convolved) => b.output(b.node('Neg', [convolved])));
    expect(shape(read)).toEqual([
      ['Conv', undefined],
      ['Add', relu],
      ['Neg', undefined],
    ]);
    const output = block(['N', 4, 8, 8], 4, (b, convolved) => b.output(convolved));
    expect(shape(output)).toEqual([
      ['Conv', undefined],
      ['Add', relu],
    ]);
  });

  it('fuses the end of a block with squeeze and excitation into its product', () => {
    const b = new GraphBuilder();
    const x = b.input('x', ['N', 4, 8, 8]);
    const gate = b.node('Sigmoid', [b.node('GlobalAveragePool', [x])]);
    b.output(b.node('Relu', [b.node('Add', [x, b.node('Mul', [b.node('Neg', [x]), gate])])]));
    expect(shape(b.build()).at(-1)).toEqual(['Mul', { residual: 'x', activation: { kind: 'Relu' } }]);
  });

  it('leaves other activations behind a sum', () => {
    const b = new GraphBuilder();
    const x = b.input('x', ['N', 4]);
    b.output(b.node('LeakyRelu', [b.node('Add', [x, b.node('Neg', [x])])]));
    expect(shape(b.build()).map(([op]) => op)).toEqual(['Neg', 'Add', 'LeakyRelu']);
  });

  it('keeps the outputs of random networks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { graph, feeds } = randomGraph(seed);
        const expected = await runInOnnxRuntime(graph, feeds);
        const executor = await Executor.create(graph, COMPLETE_RUNTIME);
        const actual = executor.run(feeds);
        for (const [name, tensor] of Object.entries(expected)) {
          const { data, dims } = actual[name]!;
          expect(relativeDifference(tensor, new ort.Tensor('float32', data as Float32Array, dims)), name).toBeLessThan(
            1e-5,
          );
        }
        executor.dispose();
      }),
      { numRuns: 12 },
    );
  });
});
