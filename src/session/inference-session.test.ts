import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWorker } from '../../test/build-worker.js';
import { tensorValue } from '../graph/tensor.js';
import type { Graph, Node } from '../graph/types.js';
import { InferenceSession, LutraError, Tensor } from '../index.js';
import { serializeModel } from '../onnx/serialize.js';
import type { CreateOptions, LoadProgress } from './types.js';

const SIZE = 64;
let workerUrl: URL;
/** A worker script that has no SharedArrayBuffer. */
let unsharedUrl: URL;

beforeAll(async () => {
  workerUrl = await buildWorker();
  unsharedUrl = await buildWorker('test/worker-without-shared-memory.ts');
});
afterAll(() => {
  for (const script of [workerUrl, unsharedUrl]) rmSync(new URL('.', script), { recursive: true });
});

const node = (op: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node => ({
  name: outputs[0]!,
  op,
  domain: '',
  inputs,
  outputs,
  attributes,
});

/** y = sin applied `depth` times to x·W; z = x + 1. Batch is symbolic. Sin runs on the host: slow enough to be interrupted. */
function model(depth = 2): Uint8Array {
  const weights = Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i));
  const chain = Array.from({ length: depth }, (_, i) =>
    node('Sin', [i ? `s${i}` : 'm'], [i === depth - 1 ? 'y' : `s${i + 1}`]),
  );
  const graph: Graph = {
    name: 'test',
    opset: { '': 17 },
    inputs: [{ name: 'x', type: 'float32', dims: ['N', SIZE] }],
    outputs: [
      { name: 'y', type: 'float32', dims: ['N', SIZE] },
      { name: 'z', type: 'float32', dims: ['N', SIZE] },
    ],
    nodes: [node('MatMul', ['x', 'w'], ['m']), ...chain, node('Add', ['x', 'one'], ['z'])],
    initializers: new Map([
      ['w', tensorValue('float32', [SIZE, SIZE], weights)],
      ['one', tensorValue('float32', [], Float32Array.of(1))],
    ]),
    metadata: { 'lutra.labels': '["a"]' },
  };
  return serializeModel(graph);
}

function reference(x: Float32Array, depth = 2): Float32Array {
  return Float32Array.from(x, (_, index) => {
    const [row, column] = [Math.floor(index / SIZE), index % SIZE];
    let sum = 0;
    for (let k = 0; k < SIZE; k++) sum += x[row * SIZE + k]! * Math.fround(Math.sin(k * SIZE + column));
    for (let i = 0; i < depth; i++) sum = Math.sin(sum);
    return sum;
  });
}

function input(batch: number, seed = 1): Tensor<'float32'> {
  return new Tensor(
    'float32',
    Float32Array.from({ length: batch * SIZE }, (_, i) => Math.sin(seed + i)),
    [batch, SIZE],
  );
}

async function failure(promise: Promise<unknown>): Promise<LutraError> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(LutraError);
  return thrown as LutraError;
}

const standard = () => workerUrl;
const KINDS: readonly (readonly [string, CreateOptions, () => URL])[] = [
  ['in a worker', { threads: 1 }, standard],
  ['in a worker without shared memory', { threads: 1 }, () => unsharedUrl],
  ['in a worker with 2 threads', { threads: 2 }, standard],
  ['on the calling thread', { worker: false, threads: 1 }, standard],
  ['on the calling thread with 2 threads', { worker: false, threads: 2 }, standard],
];

describe.each(KINDS)('InferenceSession %s', (_name, kind, script) => {
  const create = (depth?: number, options: CreateOptions = {}) =>
    InferenceSession.create(model(depth), { ...kind, workerUrl: script(), ...options });

  it('answers, for every batch, in memory of its own', async () => {
    const session = await create();
    expect(session.inputNames).toEqual(['x']);
    expect(session.outputNames).toEqual(['y', 'z']);
    expect(session.inputMetadata).toEqual([{ name: 'x', type: 'float32', dims: ['N', SIZE] }]);
    expect(session.metadata).toEqual({ 'lutra.labels': '["a"]' });
    expect(session.info).toEqual({
      threads: kind.threads,
      wasm: 'simd',
      worker: kind.worker !== false,
      modelBytes: model().length,
    });
    const kept: Tensor[] = [];
    for (const batch of [1, 3, 3, 2]) {
      const x = input(batch, batch);
      const { y, z } = (await session.run({ x })) as { y: Tensor<'float32'>; z: Tensor<'float32'> };
      expect(y.dims).toEqual([batch, SIZE]);
      const wanted = reference(x.data);
      expect(Math.max(...y.data.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-4);
      expect(z.data).toEqual(x.data.map((value) => value + 1));
      kept.push(y);
    }
    expect(kept[1]!.data).toEqual(kept[2]!.data);
    expect(kept[0]!.data).not.toEqual(kept[1]!.data);
    await session.release();
  });

  it('queues runs in order and takes the feeds as they were at the call', async () => {
    const session = await create();
    const order: number[] = [];
    const shared = input(1);
    const results = await Promise.all(
      [1, 2, 3].map(async (value) => {
        shared.data.fill(value);
        const { z } = await session.run({ x: shared });
        order.push(value);
        return z!.data[0];
      }),
    );
    expect(results).toEqual([2, 3, 4]);
    expect(order).toEqual([1, 2, 3]);
    await session.release();
  });

  it('fills tensors of the caller and returns only what is asked for', async () => {
    const session = await create();
    const x = input(1);
    const target = new Tensor('float32', new Float32Array(SIZE), [1, SIZE]);
    const filled = await session.run({ x }, { z: target });
    expect(filled).toEqual({ z: target });
    expect(filled.z).toBe(target);
    expect(target.data[0]).toBe(Math.fround(x.data[0]! + 1));
    expect(Object.keys(await session.run({ x }, ['y']))).toEqual(['y']);
    expect(Object.keys(await session.run({ x }, { y: null }))).toEqual(['y']);
    const small = new Tensor('float32', new Float32Array(2), [1, 2]);
    expect((await failure(session.run({ x }, { z: small }))).code).toBe('INVALID_ARGUMENT');
    expect((await failure(session.run({ x }, ['nothing']))).expected).toBe('y, z');
    await session.release();
  });

  it('refuses wrong feeds by name, saying what it wants and what it got', async () => {
    const session = await create();
    const wrong: [unknown, RegExp][] = [
      [{}, /"x" is missing/],
      [{ x: input(1), more: input(1) }, /no input "more"/],
      [{ x: new Tensor('float32', new Float32Array(SIZE)) }, /wrong shape \(expected \[N,64\], got \[64\]\)/],
      [{ x: new Tensor('int32', new Int32Array(SIZE), [1, SIZE]) }, /wrong type \(expected float32, got int32\)/],
      [{ x: { type: 'float32', dims: [2, SIZE], data: new Float32Array(SIZE) } }, /does not fit its shape/],
      [{ x: { type: 'float32', dims: [1, SIZE], data: new Float64Array(SIZE) } }, /Float32Array for float32/],
      [{ x: undefined }, /not a tensor/],
    ];
    for (const [feeds, message] of wrong) {
      const error = await failure(session.run(feeds as Record<string, Tensor>));
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message).toMatch(message);
    }
    await session.run({ x: input(1) });
    await session.release();
  });

  it('profiles every step and tells its memory', async () => {
    const session = await create();
    const profile = await session.profile({ x: input(4) });
    expect(profile.map(({ op }) => op)).toEqual(['MatMul', 'Sin', 'Sin', 'Add']);
    expect(profile[0]!.kernel).toBe('matmul');
    expect(profile[1]!.kernel).toBe('host');
    for (const { milliseconds } of profile) expect(milliseconds).toBeGreaterThanOrEqual(0);
    const memory = await session.memory();
    expect(memory.constants).toBeGreaterThan(SIZE * SIZE * 4);
    expect(memory.total).toBeGreaterThanOrEqual(memory.constants + memory.persistent + memory.arena + memory.scratch);
    await session.release();
  });

  it('times whole runs', async () => {
    const session = await create();
    const times = await session.time({ x: input(4) }, 5);
    expect(times).toHaveLength(5);
    for (const milliseconds of times) expect(milliseconds).toBeGreaterThanOrEqual(0);
    // The first run of a shape plans it, which no clock here is too coarse to see.
    expect(times[0]).toBeGreaterThan(0);
    const { y } = await session.run({ x: input(4) });
    expect((y!.data as Float32Array)[7]).toBeCloseTo(reference(input(4).data)[7]!, 5);
    for (const runs of [0, 1.5, -1, Number.NaN, 100_001]) {
      expect((await failure(session.time({ x: input(4) }, runs))).code).toBe('INVALID_ARGUMENT');
    }
    expect((await failure(session.time({}, 1))).code).toBe('INVALID_ARGUMENT');
    await session.release();
    expect((await failure(session.time({ x: input(4) }, 1))).code).toBe('RELEASED');
  });

  it('stops a run within a step when its signal fires, and goes on with the next', async () => {
    const session = await create(3000);

    const controller = new AbortController();
    const x = input(64);
    const running = failure(session.run({ x }, undefined, { signal: controller.signal }));
    const queued = new AbortController();
    const waiting = failure(session.run({ x }, undefined, { signal: queued.signal }));
    queued.abort();
    expect((await waiting).code).toBe('ABORTED');
    setTimeout(() => controller.abort('enough'), 20);
    const error = await running;

    expect(error.code).toBe('ABORTED');
    expect(error.cause).toBe('enough');
    expect(Object.keys(await session.run({ x: input(1) }))).toEqual(['y', 'z']);

    await session.release();
  });

  it('rejects what is pending when released, and everything after', async () => {
    const session = await create(200);
    const pending = [failure(session.run({ x: input(8) })), failure(session.run({ x: input(8) }))];
    await session.release();
    await session.release();
    for (const error of await Promise.all(pending)) expect(error.code).toBe('RELEASED');
    expect((await failure(session.run({ x: input(1) }))).code).toBe('RELEASED');
    expect((await failure(session.memory())).code).toBe('RELEASED');
  });

  it('reports progress and honours a signal while creating', async () => {
    const progress: LoadProgress[] = [];
    const session = await create(2, { onProgress: (step) => progress.push(step) });
    expect(progress.map(({ stage }) => stage)).toEqual(['download', 'compile', 'plan', 'ready']);
    for (const { loaded, total } of progress) expect(loaded).toBe(total);
    await session.release();
    expect((await failure(create(2, { signal: AbortSignal.abort() }))).code).toBe('ABORTED');
    const controller = new AbortController();
    const creating = failure(create(2, { signal: controller.signal }));
    controller.abort();
    expect((await creating).code).toBe('ABORTED');
  });

  it('carries errors of the model over with all their parts', async () => {
    const graph = model();
    const broken = await failure(InferenceSession.create(graph.subarray(0, 100), { ...kind, workerUrl: script() }));
    expect(broken.code).toBe('INVALID_MODEL');
    const html = new TextEncoder().encode('\n<!doctype html><title>404</title>');
    expect((await failure(InferenceSession.create(html, { ...kind, workerUrl: script() }))).code).toBe('LOAD_FAILED');
  });
});

describe('InferenceSession', () => {
  it('says so when the worker cannot be started', async () => {
    const missing = failure(InferenceSession.create(model(), { workerUrl: new URL('./missing.mjs', import.meta.url) }));
    expect((await missing).code).toBe('PLATFORM');
    expect((await missing).hint).toContain('worker: false');
  });

  it('keeps two sessions apart', async () => {
    const sessions = await Promise.all([2, 3].map((depth) => InferenceSession.create(model(depth), { workerUrl })));
    const x = input(1);
    const results = await Promise.all(sessions.map((session) => session.run({ x })));
    results.forEach(({ y }, index) => {
      expect(y!.data[5]).toBeCloseTo(reference(x.data, index + 2)[5]!, 4);
    });
    await Promise.all(sessions.map((session) => session.release()));
  });

  it.each([
    ['on the calling thread', false, 200, 2048],
    ['in a worker', true, 30, 8192],
  ] as const)('creates, runs and releases %s again and again without growing', async (_name, worker, cycles, batch) => {
    const bytes = model();
    const x = input(batch);
    let total = 0;
    const cycle = async (): Promise<void> => {
      const session = await InferenceSession.create(bytes, { worker, threads: 1, workerUrl });
      await session.run({ x });
      ({ total } = await session.memory());
      await session.release();
    };
    for (let i = 0; i < cycles / 5; i++) await cycle();
    const before = process.memoryUsage.rss();
    for (let i = 0; i < cycles; i++) await cycle();
    // A quarter of what would be there if each session kept its memory.
    expect(process.memoryUsage.rss() - before).toBeLessThan((cycles * total) / 4);
  });
});
