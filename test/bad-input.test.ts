import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { inputTensor, modelBytes } from '../e2e/kernels/network.js';
import { evaluateGraph } from '../scripts/node-test-cases.js';
import { GraphBuilder } from '../src/graph/builder.js';
import { tensorValue } from '../src/graph/tensor.js';
import type { Graph, TensorValue } from '../src/graph/types.js';
import { type CreateOptions, InferenceSession, LutraError } from '../src/index.js';
import { parseModel } from '../src/onnx/parse.js';
import { serializeModel } from '../src/onnx/serialize.js';

const HERE: CreateOptions = { worker: false, threads: 1 };

async function failure(promise: Promise<unknown>): Promise<LutraError> {
  const reason = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(reason).toBeInstanceOf(LutraError);
  return reason as LutraError;
}

async function run(graph: Graph, feeds: Readonly<Record<string, TensorValue>>) {
  const session = await InferenceSession.create(serializeModel(graph), HERE);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** y = relu(conv(x)) · w: 2 channels in, 3 answers. */
function network(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', ['N', 2, 4, 4]);
  const weights = Float32Array.from({ length: 2 * 2 * 9 }, (_, i) => Math.sin(i));
  const y = b.node('Relu', [b.node('Conv', [x, b.floats([2, 2, 3, 3], weights)], { pads: [1, 1, 1, 1] })]);
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [y])]);
  b.output(b.node('MatMul', [flat, b.floats([2, 3], [1, 2, 3, 4, 5, 6])], {}, { outputs: ['y'] }), ['N', 3]);
  return b.build();
}

const image = (batch: number, value: (i: number) => number) =>
  tensorValue(
    'float32',
    [batch, 2, 4, 4],
    Float32Array.from({ length: batch * 32 }, (_, i) => value(i)),
  );

describe('values that point outside', () => {
  it.each([
    [3, 255],
    [16, 16],
  ])('codes of at least K = %i that are fed are refused, not looked up', async (K, code) => {
    const b = new GraphBuilder();
    const codes = b.input('codes', [1, 2, 2, 2], 'uint8');
    const table = b.constant({ type: 'int8', dims: [4, 2 * K, 1, 1], data: new Int8Array(8 * K).fill(1) });
    const [scale, bias] = [b.floats([4], [1, 1, 1, 1]), b.floats([4], [0, 0, 0, 0])];
    b.output(b.node('LookUp', [codes, table, scale, bias], { K }, { domain: 'lutra', outputs: ['y'] }));
    const feed = (value: number) => ({ codes: tensorValue('uint8', [1, 2, 2, 2], new Uint8Array(8).fill(value)) });
    expect([...((await run(b.build(), feed(K - 1))).y!.data as Float32Array)]).toEqual(new Array(16).fill(2));
    const error = await failure(run(b.build(), feed(code)));
    expect(error.message).toContain('a code is out of range');
    expect(error.node).toContain('LookUp');
  });

  it.each(['Gather', 'GatherElements'])('indices of %s that are fed', async (op) => {
    const b = new GraphBuilder();
    const [x, at] = [b.input('x', [4]), b.input('at', [1], 'int64')];
    b.output(b.node(op, [x, at], { axis: 0 }, { outputs: ['y'] }));
    const feed = (index: bigint) => ({
      x: tensorValue('float32', [4], Float32Array.of(1, 2, 3, 4)),
      at: tensorValue('int64', [1], BigInt64Array.of(index)),
    });
    expect([...((await run(b.build(), feed(-1n))).y!.data as Float32Array)]).toEqual([4]);
    for (const index of [4n, -5n, 2n ** 40n]) {
      const error = await failure(run(b.build(), feed(index)));
      expect(error.code).not.toBe('INTERNAL');
      expect(error.node).toContain(op);
    }
  });
});

describe('NaN and infinities in feeds', () => {
  it('spread through dense layers as arithmetic says', async () => {
    const feeds = { x: image(3, (i) => (i < 32 ? 0.5 : i < 64 ? Number.NaN : Infinity)) };
    const { y } = await run(network(), feeds);
    const [expected] = Object.values(evaluateGraph(parseModel(serializeModel(network())), feeds));
    const values = [...(y!.data as Float32Array)];
    expect(values.map(Number.isFinite)).toEqual([...(expected!.data as Float32Array)].map(Number.isFinite));
    expect(values.slice(0, 3).every(Number.isFinite)).toBe(true);
    expect(values.slice(3, 6).every(Number.isNaN)).toBe(true);
  });

  it('are activations like others to lookup layers', async () => {
    const { type, dims, data } = inputTensor();
    const odd = (data as Float32Array).map((value, i) => [value, Number.NaN, Infinity, -Infinity][i % 5] ?? value);
    const feeds = { x: { type, dims, data: odd } };
    const graph = parseModel(modelBytes());
    const expected = evaluateGraph(graph, feeds);
    const results = await run(graph, feeds);
    for (const name of ['codes1', 'sums1', 'codes2', 'y'])
      expect(results[name]!.data, name).toEqual(expected[name]!.data);
  });
});

describe('sizes', () => {
  it('of zero give results of size zero', async () => {
    const { y } = await run(network(), { x: image(0, () => 0) });
    expect(y).toMatchObject({ dims: [0, 3], data: new Float32Array(0) });
  });

  it('that no memory holds are refused before anything is reserved', async () => {
    const b = new GraphBuilder();
    const huge = { type: 'int64' as const, dims: [2], data: BigInt64Array.of(60_000n, 60_000n) };
    b.output(b.node('Expand', [b.input('x', [1, 1]), b.constant(huge)], {}, { outputs: ['y'] }));
    const reserve = vi.spyOn(WebAssembly, 'Memory');
    const error = await failure(InferenceSession.create(serializeModel(b.build()), HERE));
    expect(['OUT_OF_MEMORY', 'UNSUPPORTED']).toContain(error.code);
    expect(reserve).not.toHaveBeenCalled();
    reserve.mockRestore();
  });

  it('that the machine does not give are an error of their own', async () => {
    const reserve = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refuse(): WebAssembly.Memory {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory');
    });
    const error = await failure(InferenceSession.create(serializeModel(network()), HERE));
    reserve.mockRestore();
    expect(error.code).toBe('OUT_OF_MEMORY');
    expect(error.hint).toContain('smaller inputs');
  });
});

/** What JavaScript objects, array buffers and Wasm memories hold once garbage is gone; the resident set also holds what nobody needs any more. */
async function liveBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    collect();
    // Memory outside of the heap is given back by later tasks.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a thousand sessions', () => {
  // Quick by itself, but a machine may be busy.
  it('one after the other leave no memory behind', { timeout: 900_000 }, async () => {
    const bytes = serializeModel(network());
    const x = image(256, (i) => i % 7);
    let total = 0;
    const cycle = async () => {
      const session = await InferenceSession.create(bytes, HERE);
      await session.run({ x });
      ({ total } = await session.memory());
      await session.release();
    };
    for (let i = 0; i < 100; i++) await cycle();
    const before = await liveBytes();
    for (let i = 0; i < 1000; i++) await cycle();
    // A quarter of what would be there if each session kept its memory.
    expect((await liveBytes()) - before).toBeLessThan((1000 * total) / 4);
  });
});
