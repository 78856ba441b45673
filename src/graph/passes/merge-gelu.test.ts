import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime, toOrt } from '../../../test/onnxruntime.js';
import { Executor } from '../../engine/executor.js';
import { COMPLETE_RUNTIME } from '../../plan/complete.js';
import { GraphBuilder } from '../builder.js';
import type { Graph } from '../types.js';
import { mergeGelu } from './merge-gelu.js';

type Write = (b: GraphBuilder, x: string) => string;

function build(write: Write): Graph {
  const b = new GraphBuilder({ opset: 13 });
  b.output(write(b, b.input('x', [2, 5])));
  return b.build();
}

const scalar = (b: GraphBuilder, value: number) => b.floats([], [value]);
const shifted =
  (root: Write): Write =>
  (b, x) =>
    b.node('Add', [b.node('Erf', [root(b, x)]), scalar(b, 1)]);
const divided = shifted((b, x) => b.node('Div', [x, scalar(b, Math.SQRT2)]));
const multiplied = shifted((b, x) => b.node('Mul', [scalar(b, Math.SQRT1_2), x]));
const half: Write = (b, x) => b.node('Mul', [x, scalar(b, 0.5)]);

const feeds = {
  x: { type: 'float32' as const, dims: [2, 5], data: Float32Array.of(-9, -3, -1.5, -0.25, 0, 0.5, 2, 3, 3.5, 9) },
};

describe('mergeGelu', () => {
  it.each<[string, Write]>([
    ['(x · (1 + erf)) · ½', (b, x) => half(b, b.node('Mul', [x, divided(b, x)]))],
    ['((1 + erf) · x) / 2', (b, x) => b.node('Div', [b.node('Mul', [multiplied(b, x), x]), scalar(b, 2)])],
    ['x · ((1 + erf) · ½)', (b, x) => b.node('Mul', [x, half(b, multiplied(b, x))])],
    ['(x · ½) · (1 + erf)', (b, x) => b.node('Mul', [half(b, x), divided(b, x)])],
  ])('recognizes %s', async (_, write) => {
    const graph = build(write);
    const merged = mergeGelu(graph);
    expect(merged.nodes.map((node) => node.op)).toEqual(['Gelu']);
    const executor = await Executor.create(merged, COMPLETE_RUNTIME);
    const [actual] = Object.values(executor.run(feeds));
    const [expected] = Object.values(await runInOnnxRuntime(graph, feeds));
    expect(relativeDifference(expected!, toOrt(actual!))).toBeLessThan(1e-6);
    executor.dispose();
  });

  it.each<[string, Write]>([
    ['another root', (b, x) => half(b, b.node('Mul', [x, shifted((c, y) => half(c, y))(b, x)]))],
    ['another factor', (b, x) => half(b, b.node('Mul', [b.node('Abs', [x]), divided(b, x)]))],
    ['no half', (b, x) => b.node('Mul', [x, divided(b, x)])],
    [
      'a part that others read',
      (b, x) => {
        const sum = divided(b, x);
        return b.node('Add', [half(b, b.node('Mul', [x, sum])), sum]);
      },
    ],
  ])('leaves %s', (_, write) => {
    const graph = build(write);
    expect(mergeGelu(graph)).toBe(graph);
  });
});
