/** Kinds of networks that public models and exporters hold; every answer is onnxruntime's. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../src/graph/builder.js';
import type { Graph, TensorValue } from '../src/graph/types.js';
import { type CreateOptions, InferenceSession, LutraError } from '../src/index.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { relativeDifference, runInOnnxRuntime, toOrt } from './onnxruntime.js';

const HERE: CreateOptions = { worker: false, threads: 1 };
type Feeds = Readonly<Record<string, TensorValue>>;

const floats = (dims: number[], ...values: number[]): TensorValue => ({
  type: 'float32',
  dims,
  data: Float32Array.from(values),
});
const int64 = (dims: number[], ...values: number[]): TensorValue => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(values, BigInt),
});
const ramp = (...dims: number[]): TensorValue =>
  floats(dims, ...Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)));

/** Runs all feeds one after the other in one session, each beside onnxruntime. */
async function compare(graph: Graph, ...runs: Feeds[]): Promise<void> {
  const session = await InferenceSession.create(serializeModel(graph), HERE);
  try {
    for (const feeds of runs) {
      const expected = await runInOnnxRuntime(graph, feeds);
      const results = await session.run(feeds);
      expect(Object.keys(results)).toEqual(Object.keys(expected));
      for (const [name, value] of Object.entries(expected)) {
        expect(results[name]!.dims).toEqual(value.dims);
        expect(relativeDifference(value, toOrt(results[name]!))).toBeLessThan(1e-5);
      }
    }
  } finally {
    await session.release();
  }
}

function branch(build: (b: GraphBuilder) => string): Graph {
  const b = new GraphBuilder({ opset: 16 });
  b.output(build(b));
  return b.build();
}

describe('If whose condition is an input', () => {
  const reshapes = (...shape: number[]) => {
    const b = branch((inner) => inner.node('Reshape', ['x', inner.ints(...shape)], {}, { name: `to ${shape}` }));
    return { ...b, inputs: [] };
  };
  function network(): Graph {
    const b = new GraphBuilder({ opset: 16 });
    b.input('x', ['N']);
    b.input('sr', [], 'int64');
    const is16 = b.node('Equal', ['sr', int64([], 16000)]);
    const attributes = { then_branch: reshapes(2, 4), else_branch: reshapes(2, 2) };
    b.output(b.node('If', [is16], attributes, { outputs: ['y'] }), ['a', 'b']);
    return b.build();
  }

  it('only the branch that is taken has to fit', async () => {
    const [eight, four] = [ramp(8), ramp(4)];
    await compare(
      network(),
      { x: eight, sr: int64([], 16000) },
      { x: four, sr: int64([], 8000) },
      { x: eight, sr: int64([], 16000) },
    );
  });

  it('a branch that is taken and does not fit is named', async () => {
    const session = await InferenceSession.create(serializeModel(network()), HERE);
    const run = session.run({ x: ramp(6), sr: int64([], 8000) });
    await expect(run).rejects.toThrow('to 2,');
    await expect(run).rejects.toBeInstanceOf(LutraError);
    await session.release();
  });
});

describe('symbols', () => {
  it('one symbol may stand for several sizes', async () => {
    const b = new GraphBuilder({ opset: 13 });
    b.output(b.node('Concat', [b.input('a', ['N', 2]), b.input('b', ['N', 2])], { axis: 0 }, { outputs: ['y'] }), [
      'N',
      2,
    ]);
    await compare(b.build(), { a: ramp(1, 2), b: ramp(3, 2) });
  });

  it.each(['?', 'None', '', 'N'])('dimensions that are all called "%s" may differ', async (name) => {
    const b = new GraphBuilder({ opset: 13 });
    b.output(b.node('Relu', [b.input('x', [name, 3, name, name])], {}, { outputs: ['y'] }), [name, 3, name, name]);
    await compare(b.build(), { x: ramp(1, 3, 2, 4) });
  });

  it('a state may have another size than the picture under the same symbols', async () => {
    const b = new GraphBuilder({ opset: 13 });
    const src = b.input('src', ['batch', 3, 'height', 'width']);
    const state = b.input('r1i', ['batch', 'channels', 'height', 'width']);
    const wide = b.node('Resize', [state, '', '', int64([4], 1, 1, 4, 4)], { mode: 'nearest' });
    b.output(b.node('Add', [src, wide], {}, { outputs: ['y'] }), ['batch', 3, 'height', 'width']);
    await compare(b.build(), { src: ramp(1, 3, 4, 4), r1i: floats([1, 1, 1, 1], 2) });
  });

  it('a residual of another size under the same symbols is not fused', async () => {
    const b = new GraphBuilder({ opset: 13 });
    const weights = b.constant(ramp(2, 2, 1, 1));
    const y = b.node('Conv', [b.input('x', ['N', 2, 'H', 'W']), weights]);
    b.output(b.node('Add', [y, b.input('r', ['N', 2, 'H', 'W'])], {}, { outputs: ['y'] }), ['N', 2, 'H', 'W']);
    await compare(
      b.build(),
      { x: ramp(1, 2, 3, 3), r: ramp(1, 2, 1, 1) },
      { x: ramp(1, 2, 3, 3), r: ramp(1, 2, 3, 3) },
    );
  });
});

it('a scalar may be fed as [1]', async () => {
  const b = new GraphBuilder({ opset: 13 });
  b.output(b.node('Mul', [b.input('x', [2]), b.input('k', [])], {}, { outputs: ['y'] }), [2]);
  await compare(b.build(), { x: floats([2], 1, 2), k: floats([1], 3) }, { x: floats([2], 1, 2), k: floats([], 3) });
});

describe('a size that an input decides', () => {
  const open = (rank: number) => Array.from({ length: rank }, (_, i) => `out${i}`);
  function network(build: (b: GraphBuilder) => string, rank: number): Graph {
    const b = new GraphBuilder({ opset: 13 });
    b.output(build(b), open(rank));
    return b.build();
  }
  const image = { x: ramp(1, 1, 4, 4) };
  const named = { outputs: ['y'] };

  it('Resize by a scale', async () => {
    const graph = network((b) => {
      const [x, r] = [b.input('x', [1, 1, 'H', 'W']), b.input('r', [1])];
      const scales = b.node('Concat', [floats([2], 1, 1), r, r], { axis: 0 });
      return b.node('Resize', [x, '', scales], { mode: 'linear' }, named);
    }, 4);
    await compare(graph, ...[0.5, 2, 0.5].map((scale) => ({ ...image, r: floats([1], scale) })));
  });

  it('Resize to sizes that are floats', async () => {
    const graph = network((b) => {
      const [x, s] = [b.input('x', [1, 1, 'H', 'W']), b.input('s', [2])];
      const sizes = b.node('Concat', [int64([2], 1, 1), b.node('Cast', [s], { to: 7 })], { axis: 0 });
      return b.node('Resize', [x, '', '', sizes], { mode: 'linear' }, named);
    }, 4);
    await compare(graph, { ...image, s: floats([2], 6, 8) }, { ...image, s: floats([2], 2, 3) });
  });

  const table = { x: ramp(4, 2) };
  it.each<[string, (b: GraphBuilder) => string, number, number[]]>([
    [
      'Slice',
      (b) => b.node('Slice', [b.input('x', ['T', 2]), int64([1], 0), b.input('n', [1], 'int64')], {}, named),
      2,
      [2, 3],
    ],
    ['Reshape', (b) => b.node('Reshape', [b.input('x', ['T', 2]), b.input('n', [1], 'int64')], {}, named), 1, [-1, 8]],
    [
      'Expand',
      (b) =>
        b.node(
          'Expand',
          [
            b.node('Slice', [b.input('x', ['T', 2]), int64([1], 0), int64([1], 1)]),
            b.node('Concat', [b.input('n', [1], 'int64'), int64([1], 2)], { axis: 0 }),
          ],
          {},
          named,
        ),
      2,
      [1, 5],
    ],
    [
      'Tile',
      (b) =>
        b.node(
          'Tile',
          [b.input('x', ['T', 2]), b.node('Concat', [b.input('n', [1], 'int64'), int64([1], 1)], { axis: 0 })],
          {},
          named,
        ),
      2,
      [1, 3],
    ],
  ])('%s', async (_, build, rank, values) => {
    await compare(network(build, rank), ...values.map((n) => ({ ...table, n: int64([1], n) })));
  });

  it('ConstantOfShape and Range', async () => {
    const shaped = network((b) => b.node('ConstantOfShape', [b.input('n', [2], 'int64')], {}, named), 2);
    await compare(shaped, { n: int64([2], 2, 3) }, { n: int64([2], 1, 0) });
    const b = new GraphBuilder({ opset: 13 });
    const n = b.input('n', [], 'int64');
    b.output(b.node('Range', [int64([], 0), n, int64([], 1)], {}, named), ['n'], 'int64');
    await compare(b.build(), { n: int64([], 4) }, { n: int64([], 7) });
  });

  it('TopK', async () => {
    const b = new GraphBuilder({ opset: 13 });
    b.node('TopK', [b.input('x', [4]), b.input('k', [1], 'int64')], {}, { outputs: ['y', 'i'] });
    b.output('y', ['k']);
    b.output('i', ['k'], 'int64');
    await compare(b.build(), { x: ramp(4), k: int64([1], 2) }, { x: ramp(4), k: int64([1], 3) });
  });

  it('an impossible value is an error of the run, and the next run works', async () => {
    const graph = network((b) => b.node('Reshape', [b.input('x', [4]), b.input('n', [1], 'int64')], {}, named), 1);
    const session = await InferenceSession.create(serializeModel(graph), HERE);
    await expect(session.run({ x: ramp(4), n: int64([1], 3) })).rejects.toBeInstanceOf(LutraError);
    expect((await session.run({ x: ramp(4), n: int64([1], 4) })).y!.dims).toEqual([4]);
    await session.release();
  });
});

describe('outputs that are not fetched', () => {
  const unknown = (): Graph => {
    const b = new GraphBuilder({ opset: 13 });
    b.output(b.node('Relu', [b.input('x', [1, 4])], {}, { outputs: ['boxes'] }), [1, 4]);
    b.output(b.node('Unheard', ['x'], {}, { outputs: ['other'], name: 'odd' }), [1, 4]);
    return b.build();
  };
  it('do not count', async () => {
    const session = await InferenceSession.create(serializeModel(unknown()), HERE);
    const { boxes } = await session.run({ x: ramp(1, 4) }, ['boxes']);
    expect([...(boxes!.data as Float32Array)]).toEqual(
      [...(ramp(1, 4).data as Float32Array)].map((v) => Math.max(0, v)),
    );
    await expect(session.run({ x: ramp(1, 4) })).rejects.toThrow('odd');
    await session.release();
  });
  it('a network without any output that runs is refused when it is loaded', async () => {
    const b = new GraphBuilder({ opset: 13 });
    b.output(b.node('Unheard', [b.input('x', [1, 4])], {}, { outputs: ['y'], name: 'odd' }), [1, 4]);
    await expect(InferenceSession.create(serializeModel(b.build()), HERE)).rejects.toThrow('odd');
  });
});
