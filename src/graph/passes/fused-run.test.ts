import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime, toOrt } from '../../../test/onnxruntime.js';
import { generator } from '../../../test/random-graph.js';
import { Executor } from '../../engine/executor.js';
import { LOOKUP_DOMAIN } from '../../lut/domain.js';
import { bind, typesOf } from '../../plan/bind.js';
import { COMPLETE_RUNTIME } from '../../plan/complete.js';
import { GraphBuilder } from '../builder.js';
import { elementCount } from '../tensor.js';
import type { Graph, Node, TensorValue, ValueInfo } from '../types.js';
import { optimize } from './optimize.js';

type Random = () => number;
const int = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1));
const pick = <T>(random: Random, items: readonly T[]): T => items[int(random, 0, items.length - 1)]!;

function floats(random: Random, dims: readonly number[], size = 1): TensorValue {
  const data = Float32Array.from({ length: elementCount(dims) }, () => (random() * 2 - 1) * size);
  return { type: 'float32', dims, data };
}

function bytes(random: Random, dims: readonly number[]): TensorValue {
  return { type: 'int8', dims, data: Int8Array.from({ length: elementCount(dims) }, () => int(random, -127, 127)) };
}

/** Encode and LookUp in place of a k×k convolution that keeps the image size. */
function lookUp(b: GraphBuilder, random: Random, x: string, channels: number, outputs: number): string {
  const depth = pick(
    random,
    [1, 2].filter((g) => channels % g === 0),
  );
  const [K, size] = [pick(random, [8, 16]), pick(random, [1, 3])];
  const codebooks = channels / depth;
  const encoder = [
    b.floats([], [2 / 127]),
    b.constant({ type: 'uint8', dims: [], data: new Uint8Array([int(random, 0, 127)]) }),
    b.constant(bytes(random, [codebooks * K, depth, 1, 1])),
    b.constant({
      type: 'int32',
      dims: [codebooks * K],
      data: Int32Array.from({ length: codebooks * K }, () => int(random, -9000, 9000)),
    }),
  ];
  const lutra = { domain: LOOKUP_DOMAIN };
  const codes = b.node('Encode', [x, ...encoder], { K, kernel_shape: [1, 1], group: codebooks }, lutra);
  const table = [
    bytes(random, [outputs, codebooks * K, size, size]),
    { ...floats(random, [outputs]), data: new Float32Array(outputs).fill(1 / 128) },
    floats(random, [outputs]),
  ];
  const pad = (size - 1) / 2;
  return b.node('LookUp', [codes, ...table], { K, kernel_shape: [size, size], pads: [pad, pad, pad, pad] }, lutra);
}

const ACTIVATIONS: readonly ((b: GraphBuilder, x: string) => string)[] = [
  (b, x) => b.node('Relu', [x]),
  (b, x) => b.node('LeakyRelu', [x], { alpha: 0.25 }),
  (b, x) => b.node('Clip', [x, b.floats([], [-0.25]), b.floats([], [1.5])]),
  (b, x) => b.node('Clip', [x, '', b.floats([], [0.5])]),
  (b, x) => b.node('HardSwish', [x]),
  (b, x) => b.node('Mul', [x, b.node('HardSigmoid', [x], { alpha: Math.fround(1 / 6), beta: 0.5 })]),
  (_, x) => x,
];

interface Case {
  readonly graph: Graph;
  readonly feeds: Record<string, TensorValue>;
  /** Operators left after fusion. */
  readonly fused: readonly string[];
}

/** act(lookup(x) + x), or of two lookups, or of one alone. */
function lookUpBlock(seed: number): Case {
  const random = generator(seed);
  const b = new GraphBuilder();
  const [channels, height, width, batch] = [
    int(random, 1, 4) * 2,
    int(random, 1, 7),
    int(random, 1, 9),
    int(random, 1, 2),
  ];
  const x = b.input(
    'x',
    pick<ValueInfo['dims']>(random, [
      ['N', channels, height, width],
      ['N', channels, 'H', 'W'],
    ]),
  );
  const kind = pick(random, ['alone', 'shortcut', 'both']);
  const outputs = kind === 'shortcut' ? channels : int(random, 1, 19);
  const y = lookUp(b, random, x, channels, outputs);
  const other = kind === 'both' ? lookUp(b, random, x, channels, outputs) : x;
  const terms = random() < 0.5 ? [y, other] : [other, y];
  const sum = kind === 'alone' ? y : b.node('Add', terms);
  b.output(pick(random, ACTIVATIONS)(b, sum), undefined);
  const fused = ['Encode', 'LookUp'];
  return {
    graph: b.build(),
    feeds: { x: floats(random, [batch, channels, height, width], 1.2) },
    fused: kind === 'both' ? [...fused, ...fused] : fused,
  };
}

/** act(x · w + r) with r of the product's shape: matrices, stacks of them, Gemm, and products of two inputs. */
function productBlock(seed: number): Case {
  const random = generator(seed);
  const b = new GraphBuilder();
  const [rows, inner, columns] = [int(random, 1, 9), int(random, 1, 21), int(random, 1, 19)];
  const kind = pick(random, ['MatMul', 'stack', 'Gemm', 'inputs'] as const);
  const stack = kind === 'stack' || kind === 'inputs' ? [int(random, 1, 3)] : [];
  const symbolic = stack.length > 0 ? ['N'] : [];
  const feeds: Record<string, TensorValue> = {
    x: floats(random, [...stack, rows, inner]),
    r: floats(random, [...stack, rows, columns]),
  };
  const x = b.input('x', [...symbolic, 'T', inner]);
  const r = b.input('r', [...symbolic, 'T', columns]);
  let w = '';
  if (kind === 'inputs') {
    w = b.input('w', [...symbolic, inner, columns]);
    feeds.w = floats(random, [...stack, inner, columns]);
  } else {
    w = b.constant(floats(random, [inner, columns]));
  }
  const bias = kind === 'Gemm' ? [b.constant(floats(random, [columns]))] : [];
  const y = b.node(kind === 'Gemm' ? 'Gemm' : 'MatMul', [x, w, ...bias]);
  b.output(pick(random, ACTIVATIONS)(b, b.node('Add', random() < 0.5 ? [y, r] : [r, y])));
  return { graph: b.build(), feeds, fused: [kind === 'Gemm' ? 'Gemm' : 'MatMul'] };
}

describe.each([
  ['lookups', lookUpBlock],
  ['products', productBlock],
] as const)('epilogues of %s', (_, block) => {
  it('are fused and give what the separate operators give', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { graph, feeds, fused } = block(seed);
        const { nodes } = bind(optimize(graph, COMPLETE_RUNTIME), COMPLETE_RUNTIME, typesOf(feeds));
        expect(nodes.map(({ op }) => op).sort()).toEqual([...fused].sort());
        const executor = await Executor.create(graph, COMPLETE_RUNTIME);
        await expectLikeOnnxRuntime(graph, executor, feeds);
        executor.dispose();
      }),
      { numRuns: Number(process.env.RUNS ?? 25) },
    );
  });
});

async function expectLikeOnnxRuntime(
  graph: Graph,
  executor: Executor,
  feeds: Record<string, TensorValue>,
): Promise<void> {
  const expected = await runInOnnxRuntime(graph, feeds);
  const actual = executor.run(feeds);
  for (const [name, tensor] of Object.entries(expected)) {
    expect(relativeDifference(tensor, toOrt(actual[name]!)), name).toBeLessThan(1e-6);
  }
}

describe('a residual whose shape is only known at run time', () => {
  const product = (left: ValueInfo['dims'], right: ValueInfo['dims']) => {
    const b = new GraphBuilder();
    const y = b.node('MatMul', [b.input('x', left), floats(generator(1), [3, 4])]);
    b.output(b.node('Add', [y, b.input('r', right)]));
    return b.build();
  };
  const feeds = (rows: number) => ({ x: floats(generator(2), [5, 3]), r: floats(generator(3), [rows, 4]) });

  it.each<[string, ValueInfo['dims'], ValueInfo['dims']]>([
    ['dimensions without names', ['', 3], ['', 4]],
    ['dimensions of different names', ['N', 3], ['M', 4]],
    ['an undeclared rank', ['N', 3], undefined],
  ])('is fused for the shapes where it fits: %s', async (_, left, right) => {
    const graph = product(left, right);
    const ops = (rows: number) => bind(graph, COMPLETE_RUNTIME, typesOf(feeds(rows))).nodes.map(({ op }) => op);
    expect(ops(5)).toEqual(['MatMul']);
    expect(ops(1)).toEqual(['MatMul', 'Add']);
    const executor = await Executor.create(graph, COMPLETE_RUNTIME);
    for (const rows of [5, 1, 5]) await expectLikeOnnxRuntime(graph, executor, feeds(rows));
    executor.dispose();
  });

  it('is never planned where it does not fit', async () => {
    const { nodes, ...graph } = product([5, 3], [1, 4]);
    const [matmul, add] = nodes as [Node, Node];
    const fused: Node = { ...matmul, outputs: add.outputs, epilogue: { residual: 'r' } };
    await expect(Executor.create({ ...graph, nodes: [fused] }, COMPLETE_RUNTIME)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('MatMul_0'),
    });
  });
});
