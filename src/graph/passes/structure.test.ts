import { describe, expect, it } from 'vitest';
import { runInOnnxRuntime } from '../../../test/onnxruntime.js';
import { generator } from '../../../test/random-graph.js';
import { COMPLETE_OPERATORS } from '../../ops/complete.js';
import { GraphBuilder } from '../builder.js';
import { elementCount } from '../tensor.js';
import type { Graph, TensorValue, ValueInfo } from '../types.js';
import { shareCommonSubexpressions } from './common-subexpressions.js';
import { removeDeadCode } from './dead-code.js';
import { foldAffine } from './fold-affine.js';
import { foldConstants } from './fold-constants.js';
import { foldPad } from './fold-pad.js';
import { mergeMatMulAdd } from './matmul-to-gemm.js';
import { moveTransposes } from './move-transposes.js';
import { removeIdentity } from './remove-identity.js';

/** What each pass folds and what it leaves. That outputs stay is tested on random networks in optimize.test.ts. */

const random = generator(11);
const tensor = (...dims: number[]): TensorValue => ({
  type: 'float32',
  dims,
  data: Float32Array.from({ length: elementCount(dims) }, () => 0.5 + random()),
});

function build(dims: ValueInfo['dims'], nodes: (b: GraphBuilder, x: string) => string | string[], opset = 17): Graph {
  const b = new GraphBuilder({ opset });
  for (const name of [nodes(b, b.input('x', dims))].flat()) b.output(name);
  return b.build();
}

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);
const IMAGE = ['N', 4, 8, 8];
const conv = (b: GraphBuilder, x: string, attributes = {}) => b.node('Conv', [x, tensor(4, 4, 3, 3)], attributes);

describe('foldPad', () => {
  const padded = (fill: number, reader: (b: GraphBuilder, x: string) => string, pads = [0, 0, 1, 2, 0, 0, 0, 1]) =>
    foldPad(build(IMAGE, (b, x) => reader(b, b.node('Pad', [x, b.ints(...pads), b.floats([], [fill])]))));

  it('adds zeros to the pads of a convolution', () => {
    const { nodes } = padded(0, (b, x) => conv(b, x, { pads: [1, 0, 1, 0] }));
    expect(nodes).toMatchObject([{ op: 'Conv', inputs: ['x', expect.anything()], attributes: { pads: [2, 2, 1, 1] } }]);
  });

  it('lets AveragePool count them', () => {
    const { nodes } = padded(0, (b, x) => b.node('AveragePool', [x], { kernel_shape: [3, 3] }));
    expect(nodes).toMatchObject([{ op: 'AveragePool', attributes: { pads: [1, 2, 0, 1], count_include_pad: 1 } }]);
  });

  it('moves what can never be the maximum into MaxPool', () => {
    const pool = (b: GraphBuilder, x: string) => b.node('MaxPool', [x], { kernel_shape: [3, 3] });
    expect(ops(padded(Number.NEGATIVE_INFINITY, pool))).toEqual(['MaxPool']);
    expect(ops(padded(0, pool))).toEqual(['Pad', 'MaxPool']);
  });

  it('reads the attributes of older versions', () => {
    const pads = [0, 0, 1, 1, 0, 0, 1, 1];
    expect(ops(foldPad(build(IMAGE, (b, x) => conv(b, b.node('Pad', [x], { pads })), 9)))).toEqual(['Conv']);
  });

  it('leaves other fills, padded channels, cuts, and pads with other readers', () => {
    expect(ops(padded(1, conv))).toEqual(['Pad', 'Conv']);
    expect(ops(padded(0, (b, x) => b.node('Conv', [x, tensor(2, 5, 1, 1)]), [0, 1, 0, 0, 0, 0, 0, 0]))).toHaveLength(2);
    expect(ops(padded(0, conv, [0, 0, -1, 0, 0, 0, 0, 0]))).toEqual(['Pad', 'Conv']);
    const shared = build(IMAGE, (b, x) => {
      const y = b.node('Pad', [x, b.ints(0, 0, 1, 1, 0, 0, 1, 1)]);
      return [conv(b, y), b.node('Relu', [y])];
    });
    expect(foldPad(shared)).toBe(shared);
  });
});

describe('foldAffine', () => {
  const normalize = (b: GraphBuilder, x: string) =>
    b.node('BatchNormalization', [x, tensor(4), tensor(4), tensor(4), tensor(4)]);

  it.each<[string, (b: GraphBuilder, y: string) => string]>([
    ['BatchNormalization', normalize],
    ['Mul', (b, y) => b.node('Mul', [y, tensor(4, 1, 1)])],
    ['Div', (b, y) => b.node('Div', [y, tensor(1, 4, 1, 1)])],
    ['Add', (b, y) => b.node('Add', [tensor(1), y])],
    ['Sub', (b, y) => b.node('Sub', [tensor(4, 1, 1), y])],
    ['a chain of them', (b, y) => b.node('Add', [b.node('Mul', [normalize(b, y), tensor()]), tensor(4, 1, 1)])],
  ])('folds %s into a convolution', (_, follow) => {
    expect(ops(foldAffine(build(IMAGE, (b, x) => follow(b, conv(b, x)))))).toEqual(['Conv']);
    const transposed = build(IMAGE, (b, x) =>
      follow(b, b.node('ConvTranspose', [x, tensor(4, 2, 2, 2)], { group: 2 })),
    );
    expect(ops(foldAffine(transposed))).toEqual(['ConvTranspose']);
  });

  it('leaves what is not the same everywhere in a channel, a divided constant, and values that others read', () => {
    expect(ops(foldAffine(build(IMAGE, (b, x) => b.node('Mul', [conv(b, x), tensor(6)]))))).toEqual(['Conv', 'Mul']);
    expect(ops(foldAffine(build(IMAGE, (b, x) => b.node('Div', [tensor(1), conv(b, x)]))))).toEqual(['Conv', 'Div']);
    const read = build(IMAGE, (b, x) => {
      const y = conv(b, x);
      return [b.node('Add', [y, tensor(1)]), b.node('Relu', [y])];
    });
    expect(foldAffine(read)).toBe(read);
  });
});

describe('moveTransposes', () => {
  const [toLast, toFirst] = [{ perm: [0, 2, 3, 1] }, { perm: [0, 3, 1, 2] }];

  it('cancels a pair around element-wise work', () => {
    const graph = build(IMAGE, (b, x) => {
      const y = b.node('Relu', [b.node('Add', [b.node('Transpose', [x], toLast), tensor(4)])]);
      return b.node('Transpose', [y], toFirst);
    });
    const moved = [1, 2, 3].reduce(removeDeadCodeAfter(moveTransposes), graph);
    expect(ops(moved)).toEqual(['Add', 'Relu']);
    // The constant of the last axis became one of the channels.
    expect(moved.initializers.get(moved.nodes[0]!.inputs[1]!)?.dims).toEqual([1, 4, 1, 1]);
  });

  it('joins two of one way into one', () => {
    const twice = build(IMAGE, (b, x) => b.node('Transpose', [b.node('Transpose', [x], toLast)], toLast));
    expect(removeDeadCode(moveTransposes(twice)).nodes).toMatchObject([{ attributes: { perm: [0, 3, 1, 2] } }]);
  });

  it('leaves one that others read', () => {
    const graph = build(IMAGE, (b, x) => {
      const y = b.node('Transpose', [x], toLast);
      return [b.node('Relu', [y]), y];
    });
    expect(ops(moveTransposes(graph))).toEqual(['Transpose', 'Relu']);
  });
});

function removeDeadCodeAfter(pass: (graph: Graph) => Graph): (graph: Graph) => Graph {
  return (graph) => removeDeadCode(pass(graph));
}

describe('shareCommonSubexpressions', () => {
  it('computes equal chains once, also from equal constants of other names', () => {
    const w = tensor(4, 4, 1, 1);
    const graph = build(IMAGE, (b, x) => {
      const chain = () => b.node('Relu', [b.node('Conv', [x, b.constant(w)])]);
      return b.node('Add', [chain(), chain()]);
    });
    const shared = shareCommonSubexpressions(graph);
    expect(ops(shared)).toEqual(['Conv', 'Relu', 'Add']);
    expect(new Set(shared.nodes[2]!.inputs).size).toBe(1);
  });

  it('tells attributes, zero from minus zero, outputs and random numbers apart', () => {
    const pair = (first: (b: GraphBuilder, x: string) => string, second: (b: GraphBuilder, x: string) => string) =>
      ops(shareCommonSubexpressions(build(IMAGE, (b, x) => b.node('Add', [first(b, x), second(b, x)])))).length;
    const leaky = (alpha: number) => (b: GraphBuilder, x: string) => b.node('LeakyRelu', [x], { alpha });
    const divided = (zero: number) => (b: GraphBuilder, x: string) => b.node('Div', [x, b.floats([], [zero])]);
    const noise = (b: GraphBuilder, x: string) => b.node('RandomUniformLike', [x]);
    expect(pair(leaky(0.1), leaky(0.1))).toBe(2);
    expect(pair(leaky(0.1), leaky(0.2))).toBe(3);
    expect(pair(divided(0), divided(-0))).toBe(3);
    expect(pair(noise, noise)).toBe(3);
    const both = build(IMAGE, (b, x) => [b.node('Relu', [x]), b.node('Relu', [x])]);
    expect(shareCommonSubexpressions(both).outputs).toEqual(both.outputs);
    expect(ops(shareCommonSubexpressions(both))).toHaveLength(2);
  });
});

it('removeDeadCode drops nodes and constants that no output needs, and keeps inputs', () => {
  const graph = build(IMAGE, (b, x) => {
    b.node('Conv', [x, tensor(4, 4, 1, 1)]);
    b.input('unused', [1]);
    return b.node('Relu', [x]);
  });
  const { nodes, initializers, inputs } = removeDeadCode(graph);
  expect([nodes.map(({ op }) => op), initializers.size, inputs.length]).toEqual([['Relu'], 0, 2]);
});

describe('foldConstants', () => {
  it('computes shapes of declared sizes and what follows from them', () => {
    const flat = (dims: ValueInfo['dims']) =>
      build(dims, (b, x) => {
        const batch = b.node('Gather', [b.node('Shape', [x]), b.ints(0)], { axis: 0 });
        return b.node('Reshape', [x, b.node('Concat', [batch, b.ints(-1)], { axis: 0 })]);
      });
    const folded = foldConstants(flat([2, 4, 8, 8]), COMPLETE_OPERATORS);
    expect(ops(folded)).toEqual(['Reshape']);
    expect(folded.initializers.get(folded.nodes[0]!.inputs[1]!)?.data).toEqual(new BigInt64Array([2n, -1n]));
    expect(ops(foldConstants(flat(IMAGE), COMPLETE_OPERATORS))).toContain('Shape');
  });

  it('leaves results that are much larger than what they are made of, random numbers and failures', () => {
    const large = build([1], (b, x) => b.node('Add', [x, b.node('Expand', [tensor(1), b.ints(1000, 1000)])]));
    expect(ops(foldConstants(large, COMPLETE_OPERATORS))).toEqual(['Expand', 'Add']);
    const noise = build([1], (b, x) => b.node('Add', [x, b.node('RandomUniform', [], { shape: [1] })]));
    expect(foldConstants(noise, COMPLETE_OPERATORS)).toBe(noise);
    const wrong = build([1], (b, x) => b.node('Add', [x, b.node('MatMul', [tensor(2, 3), tensor(2, 3)])]));
    expect(foldConstants(wrong, COMPLETE_OPERATORS)).toBe(wrong);
  });
});

it('mergeMatMulAdd makes a linear layer of a matrix one Gemm, and leaves stacks of matrices', () => {
  const linear = (dims: ValueInfo['dims'], bias: TensorValue) =>
    build(dims, (b, x) => b.node('Add', [bias, b.node('MatMul', [x, tensor(6, 5)])]));
  expect(ops(mergeMatMulAdd(linear(['N', 6], tensor(5)), COMPLETE_OPERATORS))).toEqual(['Gemm']);
  expect(ops(mergeMatMulAdd(linear(['N', 3, 6], tensor(5)), COMPLETE_OPERATORS))).toEqual(['MatMul', 'Add']);
  expect(ops(mergeMatMulAdd(linear([4, 6], tensor(4, 1)), COMPLETE_OPERATORS))).toEqual(['MatMul', 'Add']);
});

describe('removeIdentity', () => {
  it('keeps the names of outputs, even where input and output are one', async () => {
    const graph = build([2], (b, x) => {
      const y = b.node('Relu', [b.node('Identity', [b.node('Dropout', [x])])]);
      return [b.node('Identity', [y], {}, { outputs: ['y'] }), b.node('Identity', [x], {}, { outputs: ['same'] })];
    });
    const simple = removeIdentity(graph);
    expect(ops(simple).sort()).toEqual(['Identity', 'Relu']);
    const x = { type: 'float32' as const, dims: [2], data: new Float32Array([-1, 2]) };
    const { y, same } = await runInOnnxRuntime(simple, { x });
    expect([y!.data, same!.data]).toEqual([new Float32Array([0, 2]), x.data]);
  });

  it('keeps a Dropout that trains or whose mask is read', () => {
    const truth: TensorValue = { type: 'bool', dims: [], data: new Uint8Array([1]) };
    const training = build([2], (b, x) => b.node('Dropout', [x, b.floats([], [0.5]), truth]));
    expect(removeIdentity(training)).toBe(training);
    const masked = build([2], (b, x) => {
      b.node('Dropout', [x], {}, { outputs: ['y', 'mask'] });
      return ['y', b.node('Cast', ['mask'], { to: 1 })];
    });
    expect(ops(removeIdentity(masked))).toEqual(['Dropout', 'Cast']);
  });
});
