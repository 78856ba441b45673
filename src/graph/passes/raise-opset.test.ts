import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime } from '../../../test/onnxruntime.js';
import { generator } from '../../../test/random-graph.js';
import { LutraError } from '../../errors.js';
import { COMPLETE_OPERATORS } from '../../ops/complete.js';
import { GraphBuilder } from '../builder.js';
import { elementCount } from '../tensor.js';
import type { Attribute, DataType, Graph, TensorValue, ValueInfo } from '../types.js';
import { raiseOpset } from './raise-opset.js';

const random = generator(3);

function feed(type: DataType, dims: readonly number[]): TensorValue {
  const values = Array.from({ length: elementCount(dims) }, () => random() * 4 - 2);
  return { type, dims, data: type === 'float64' ? Float64Array.from(values) : Float32Array.from(values) };
}

interface Case {
  readonly op: string;
  readonly opset: number;
  readonly dims: readonly number[];
  readonly attributes?: Record<string, Attribute>;
  readonly type?: DataType;
  /** Declared dimensions, where they differ from `dims`. */
  readonly declared?: ValueInfo['dims'];
  readonly inputs?: (b: GraphBuilder) => string[];
  /** Types of the outputs. Default: one of the input's. */
  readonly outputs?: readonly DataType[];
  /** Operators of the raised graph; default: the same one. */
  readonly becomes?: readonly string[];
}

function build({ op, opset, dims, attributes = {}, type = 'float32', declared, inputs, outputs }: Case): Graph {
  const b = new GraphBuilder({ opset });
  const x = b.input('x', declared ?? dims, type);
  const names = (outputs ?? [type]).map((_, index) => `y${index}`);
  b.node(op, [x, ...(inputs?.(b) ?? [])], attributes, { outputs: names });
  for (const [index, name] of names.entries()) b.output(name, undefined, (outputs ?? [type])[index]);
  return b.build();
}

const soft = (op: string): Case[] => [
  { op, opset: 12, dims: [2, 3, 4], attributes: { axis: 2 } },
  { op, opset: 11, dims: [2, 3, 4], attributes: { axis: -1 } },
  { op, opset: 7, dims: [2, 5] },
  { op, opset: 9, dims: [2, 5, 1, 1] },
  { op, opset: 9, dims: [2, 3, 4], becomes: ['Shape', 'Flatten', op, 'Reshape'] },
  { op, opset: 12, dims: [2, 3, 4], attributes: { axis: 0 }, becomes: ['Shape', 'Flatten', op, 'Reshape'] },
  { op, opset: 12, dims: [2, 3, 4], attributes: { axis: -2 }, becomes: ['Shape', 'Flatten', op, 'Reshape'] },
  { op, opset: 8, dims: [2, 3, 4], declared: ['N', 3, 'W'], becomes: ['Shape', 'Flatten', op, 'Reshape'] },
];

const CASES: readonly Case[] = [
  { op: 'Slice', opset: 9, dims: [4, 5, 6], attributes: { starts: [1, -4], ends: [3, 100], axes: [0, 2] } },
  { op: 'Slice', opset: 7, dims: [4, 5], attributes: { starts: [1, 0], ends: [-1, 3] } },
  { op: 'Squeeze', opset: 11, dims: [1, 3, 1], attributes: { axes: [0] } },
  { op: 'Squeeze', opset: 7, dims: [1, 3, 1] },
  { op: 'Unsqueeze', opset: 9, dims: [2, 3], attributes: { axes: [0, 3] } },
  { op: 'ReduceSum', opset: 8, dims: [2, 3, 4], attributes: { axes: [1], keepdims: 0 } },
  { op: 'ReduceSum', opset: 12, dims: [2, 3, 4] },
  { op: 'Split', opset: 11, dims: [5, 3], attributes: { split: [2, 3] }, outputs: ['float32', 'float32'] },
  { op: 'Split', opset: 7, dims: [3, 4], attributes: { axis: 1 }, outputs: ['float32', 'float32'] },
  { op: 'TopK', opset: 9, dims: [3, 5], attributes: { k: 2, axis: 1 }, outputs: ['float32', 'int64'] },
  { op: 'Clip', opset: 7, dims: [3, 5], attributes: { min: -0.5, max: 1 } },
  { op: 'Clip', opset: 10, dims: [3, 5], attributes: { max: 1 } },
  { op: 'Clip', opset: 9, dims: [3, 5], attributes: { min: 0 }, declared: ['N', ''] },
  { op: 'Clip', opset: 10, dims: [3, 5] },
  { op: 'Pad', opset: 10, dims: [2, 3], attributes: { pads: [1, 0, 0, 2], value: 0.5 } },
  { op: 'Pad', opset: 7, dims: [2, 3], attributes: { pads: [0, 1, 1, 0] } },
  { op: 'Pad', opset: 9, dims: [4, 4], attributes: { pads: [1, 1, 1, 1], mode: 'reflect' } },
  { op: 'Pad', opset: 9, dims: [4, 4], attributes: { pads: [-1, 0, 1, -2], value: 2 }, type: 'float64' },
  { op: 'Dropout', opset: 7, dims: [3, 5], attributes: { ratio: 0.3 } },
  {
    op: 'BatchNormalization',
    opset: 7,
    dims: [2, 3, 4],
    inputs: (b) => [1, 2, 3, 4].map((x) => b.floats([3], [x, x / 2, 1])),
  },
  {
    op: 'Scatter',
    opset: 10,
    dims: [3, 3],
    inputs: (b) => [
      b.constant({ type: 'int64', dims: [1, 2], data: new BigInt64Array([2n, 0n]) }),
      b.floats([1, 2], [7, 8]),
    ],
    becomes: ['ScatterElements'],
  },
  ...['Softmax', 'LogSoftmax', 'Hardmax'].flatMap(soft),
  ...['nearest', 'linear'].flatMap((mode): Case[] => [
    { op: 'Upsample', opset: 7, dims: [1, 2, 3, 4], attributes: { mode, scales: [1, 1, 2, 1.5] }, becomes: ['Resize'] },
    {
      op: 'Upsample',
      opset: 9,
      dims: [1, 2, 3, 5],
      attributes: { mode },
      inputs: (b) => [b.floats([4], [1, 1, 2.5, 3])],
      becomes: ['Resize'],
    },
    {
      op: 'Resize',
      opset: 10,
      dims: [1, 2, 3, 5],
      attributes: { mode },
      inputs: (b) => [b.floats([4], [1, 1, 1.7, 3])],
    },
    {
      op: 'Resize',
      opset: 10,
      dims: [1, 2, 7, 9],
      attributes: { mode },
      inputs: (b) => [b.floats([4], [1, 1, 0.6, 0.3])],
    },
  ]),
];

describe('raiseOpset', () => {
  it.each(
    CASES.map((entry) => [`${entry.op} ${entry.opset} ${JSON.stringify(entry.attributes ?? {})}`, entry] as const),
  )('%s', async (_, entry) => {
    const graph = build(entry);
    const raised = raiseOpset(graph, COMPLETE_OPERATORS);
    expect(raised.opset['']).toBe(13);
    expect(raised.nodes.map(({ op }) => op)).toEqual(entry.becomes ?? [entry.op]);
    const feeds = { x: feed(entry.type ?? 'float32', entry.dims) };
    const [before, after] = [await runInOnnxRuntime(graph, feeds), await runInOnnxRuntime(raised, feeds)];
    for (const name of Object.keys(before))
      expect(relativeDifference(before[name]!, after[name]!), name).toBeLessThan(1e-6);
  });

  it('leaves newer graphs alone', () => {
    const graph = build({ op: 'Softmax', opset: 13, dims: [2, 3] });
    expect(raiseOpset(graph, COMPLETE_OPERATORS)).toBe(graph);
  });

  it.each<[string, Case]>([
    ['statistics per position', { op: 'BatchNormalization', opset: 7, dims: [1, 2], attributes: { spatial: 0 } }],
    ['the mask of Dropout', { op: 'Dropout', opset: 10, dims: [2], outputs: ['float32', 'bool'] }],
    ['an unknown operator', { op: 'MeanVarianceNormalization', opset: 9, dims: [1, 2, 3, 3] }],
    ['bounds of an unknown type', { op: 'Clip', opset: 7, dims: [2], attributes: { min: 0 }, type: 'string' }],
    [
      'scales that enlarge and shrink',
      { op: 'Resize', opset: 10, dims: [4, 4], inputs: (b) => [b.floats([2], [2, 0.5])] },
    ],
  ])('refuses %s by name', (_, entry) => {
    const node = `${entry.op}_0 (${entry.op})`;
    expect(() => raiseOpset(build(entry), COMPLETE_OPERATORS)).toThrow(LutraError);
    expect(() => raiseOpset(build(entry), COMPLETE_OPERATORS)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', node }),
    );
  });
});
