import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime, toOrt } from '../../../test/onnxruntime.js';
import { Executor } from '../../engine/executor.js';
import { COMPLETE_RUNTIME } from '../../plan/complete.js';
import { GraphBuilder } from '../builder.js';
import type { Graph } from '../types.js';
import { mergeHardSwish } from './merge-hard-swish.js';
import { optimize } from './optimize.js';

type Write = (b: GraphBuilder, x: string) => string;

function build(write: Write, opset = 13): Graph {
  const b = new GraphBuilder({ opset });
  const x = b.input('x', [2, 5]);
  b.output(write(b, x));
  return b.build();
}

const clipped: Write = (b, x) =>
  b.node('Clip', [b.node('Add', [b.floats([], [3]), x]), b.floats([], [0]), b.floats([], [6])]);
const divided: Write = (b, x) => b.node('Div', [x, b.floats([], [6])]);
const multiplied: Write = (b, x) => b.node('Mul', [b.floats([1], [1 / 6]), x]);

const feeds = {
  x: { type: 'float32' as const, dims: [2, 5], data: Float32Array.of(-4, -3, -2.5, -0.25, 0, 0.5, 2, 3, 3.5, 9) },
};

describe('mergeHardSwish', () => {
  it.each<[string, string, Write, number?]>([
    ['clip / 6', 'HardSigmoid', (b, x) => divided(b, clipped(b, x))],
    ['x · (clip / 6)', 'HardSwish', (b, x) => b.node('Mul', [x, divided(b, clipped(b, x))])],
    ['(clip · 1/6) · x', 'HardSwish', (b, x) => b.node('Mul', [multiplied(b, clipped(b, x)), x])],
    ['x · clip / 6', 'HardSwish', (b, x) => divided(b, b.node('Mul', [x, clipped(b, x)]))],
    ['clip · x · 1/6', 'HardSwish', (b, x) => multiplied(b, b.node('Mul', [clipped(b, x), x]))],
    [
      'clip with attributes',
      'HardSwish',
      (b, x) =>
        divided(b, b.node('Mul', [x, b.node('Clip', [b.node('Add', [x, b.floats([], [3])])], { min: 0, max: 6 })])),
      9,
    ],
    ['x · HardSigmoid(x)', 'HardSwish', (b, x) => b.node('Mul', [x, b.node('HardSigmoid', [x], { alpha: 1 / 6 })])],
  ])('makes %s a %s', async (_, op, write, opset) => {
    const graph = build(write, opset);
    const merged = optimize(graph, COMPLETE_RUNTIME);
    expect(merged.nodes.map((node) => node.op)).toEqual([op]);
    const executor = await Executor.create(graph, COMPLETE_RUNTIME);
    const [actual] = Object.values(executor.run(feeds));
    const [expected] = Object.values(await runInOnnxRuntime(graph, feeds));
    expect(relativeDifference(expected!, toOrt(actual!))).toBeLessThan(1e-6);
    executor.dispose();
  });

  it.each<[string, Write]>([
    ['another shift', (b, x) => divided(b, b.node('Clip', [b.node('Add', [x, b.floats([], [2])])]))],
    ['a divided constant', (b, x) => b.node('Div', [b.floats([], [6]), clipped(b, x)])],
    ['another slope', (b, x) => b.node('Mul', [x, b.node('HardSigmoid', [x])])],
    ['another factor', (b, x) => divided(b, b.node('Mul', [b.node('Abs', [x]), clipped(b, x)]))],
    [
      'a clip that others read',
      (b, x) => {
        const y = clipped(b, x);
        b.output(y);
        return divided(b, y);
      },
    ],
  ])('leaves %s', (_, write) => {
    const graph = build(write);
    expect(mergeHardSwish(graph)).toBe(graph);
  });
});
