import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWorker } from '../../test/build-worker.js';
import { GraphBuilder } from '../graph/builder.js';
import { elementCount, tensorValue } from '../graph/tensor.js';
import type { Graph, TensorValue } from '../graph/types.js';
import { parseModel } from '../onnx/parse.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';
import { CORE_RUNTIME } from '../plan/core.js';
import { LATE_PLANNING } from '../plan/late-planning.js';
import { nodeHandle } from '../session/handle.js';
import { Executor } from './executor.js';

const MODELS = new URL('../../../shared/data/onnx-models/', import.meta.url);
/** Networks that are quick enough for a unit test, with sizes of their symbolic dimensions. */
const CASES: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
  ['mnist-8', {}],
  ['mlperf_tiny_ad_autoencoder', {}],
  ['mlperf_tiny_kws_dscnn', {}],
  ['mlperf_tiny_resnet8_cifar10', {}],
  ['mlperf_tiny_vww_mobilenetv1_025', {}],
  ['resnet20_cifar10', {}],
  ['vit_cifar10_pgd_2_3_16', {}],
  ['ultraface_rfb_320', {}],
];
/** Of the largest output value. */
const TOLERANCE = 1e-4;

let workerUrl: URL;
beforeAll(async () => {
  workerUrl = await buildWorker();
});
afterAll(() => rmSync(new URL('.', workerUrl), { recursive: true }));

const spawn = () => nodeHandle(new Worker(workerUrl));

function noise(dims: readonly number[]): TensorValue {
  let state = 1;
  const data = Float32Array.from({ length: elementCount(dims) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return { type: 'float32', dims, data };
}

describe.skipIf(!existsSync(MODELS))('Executor on trained networks', () => {
  it.each(CASES)('%s answers like onnxruntime, the same with one and two threads', async (name, sizes) => {
    const bytes = readFileSync(new URL(`${name}.onnx`, MODELS));
    const graph = parseModel(bytes);
    const feeds = Object.fromEntries(
      graph.inputs.map((input) => [
        input.name,
        noise(input.dims!.map((dim) => (typeof dim === 'number' ? dim : (sizes[dim] ?? 1)))),
      ]),
    );
    const alone = await Executor.create(graph, CORE_RUNTIME);
    const results = alone.run(feeds);
    expect(alone.run(feeds)).toEqual(results);
    alone.dispose();

    const pair = await Executor.create(graph, CORE_RUNTIME, { threads: 2, spawn });
    expect(pair.threads).toBe(2);
    expect(pair.run(feeds)).toEqual(results);
    pair.dispose();

    const session = await ort.InferenceSession.create(bytes, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 3,
    });
    const wanted = await session.run(
      Object.fromEntries(
        Object.entries(feeds).map(([input, { data, dims }]) => [
          input,
          new ort.Tensor('float32', data as Float32Array, dims),
        ]),
      ),
    );
    await session.release();
    for (const [output, { data, dims }] of Object.entries(wanted)) {
      const result = results[output]!;
      expect(result.dims).toEqual(dims);
      const largest = Math.max(...Array.from(data as Float32Array, Math.abs));
      const difference = Math.max(
        ...Array.from(data as Float32Array, (value, i) => Math.abs(value - (result.data as Float32Array)[i]!)),
      );
      expect(difference / largest).toBeLessThan(TOLERANCE);
    }
  });
});

describe('Executor', () => {
  const graph: Graph = {
    name: 'test',
    opset: { '': 17 },
    inputs: [{ name: 'x', type: 'float32', dims: ['rows', 3] }],
    outputs: [{ name: 'y', type: 'float32', dims: undefined }],
    nodes: [{ name: 'n', op: 'Log', domain: '', inputs: ['x'], outputs: ['y'], attributes: {} }],
    initializers: new Map(),
    metadata: {},
  };

  it('runs alone when helpers cannot be started', async () => {
    const missing = new URL('./missing.mjs', import.meta.url);
    const executor = await Executor.create(graph, CORE_RUNTIME, {
      threads: 2,
      spawn: () => nodeHandle(new Worker(missing)),
    });
    expect(executor.threads).toBe(1);
    expect(executor.run({ x: noise([2, 3]) }).y!.dims).toEqual([2, 3]);
    executor.dispose();
  });

  it('plans for the given dimensions, and again for other feeds', async () => {
    const executor = await Executor.create(graph, CORE_RUNTIME, { dimensions: { rows: 5 } });
    expect(executor.plan!.inputs[0]!.dims).toEqual([5, 3]);
    expect(executor.run({ x: noise([7, 3]) }).y!.dims).toEqual([7, 3]);
    expect(executor.plan!.inputs[0]!.dims).toEqual([7, 3]);
    executor.dispose();
    expect(executor.memory().total).toBe(0);
    expect(() => executor.run({ x: noise([7, 3]) })).toThrow(/released/);
  });

  describe('with a helper that', () => {
    const SIZE = 256;
    const product: Graph = {
      ...graph,
      inputs: [{ name: 'x', type: 'float32', dims: [SIZE, SIZE] }],
      nodes: [{ name: 'n', op: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
      initializers: new Map([['w', tensorValue('float32', [SIZE, SIZE], new Float32Array(SIZE * SIZE).fill(0.5))]]),
    };
    const x = noise([SIZE, SIZE]);
    let script: URL;
    beforeAll(async () => {
      script = await buildWorker('test/failing-helper.ts');
    });
    afterAll(() => rmSync(new URL('.', script), { recursive: true }));
    const create = (workerData: string) =>
      Executor.create(product, CORE_RUNTIME, {
        threads: 2,
        spawn: () => nodeHandle(new Worker(script, { workerData })),
      });

    it('traps, fails with a typed error, every time', async () => {
      const executor = await create('traps');
      // A helper that wakes late finds nothing left to do.
      const untilItTakesPart = () => {
        for (let i = 0; i < 1000; i++) executor.run({ x });
      };
      for (let i = 0; i < 2; i++) expect(untilItTakesPart).toThrow(/failed in a helper/);
      executor.dispose();
    });

    it('takes a part and dies, does not wait for ever and goes on alone', async () => {
      const executor = await create('takes a part and dies');
      const untilItTakesPart = () => {
        for (let i = 0; i < 1000; i++) executor.run({ x });
      };
      expect(untilItTakesPart).toThrow(/helper thread died/);
      const alone = await Executor.create(product, CORE_RUNTIME);
      expect(executor.run({ x })).toEqual(alone.run({ x }));
      executor.dispose();
      alone.dispose();
    });

    it('dies before it takes a part, is not missed', async () => {
      const executor = await create('dies');
      expect(executor.run({ x }).y!.dims).toEqual([SIZE, SIZE]);
      executor.dispose();
    });

    it('takes up no plan, runs alone', async () => {
      const executor = await create('refuses');
      expect(executor.run({ x }).y!.dims).toEqual([SIZE, SIZE]);
      executor.dispose();
    });
  });

  it('refuses a number of threads that makes no sense', async () => {
    await expect(Executor.create(graph, CORE_RUNTIME, { threads: 0 })).rejects.toThrow(/"threads"/);
  });
});

describe('a network whose sizes an input decides', () => {
  it('looks for the inputs that decide once, and plans only for new values', async () => {
    const builder = new GraphBuilder({ opset: 13 });
    const x = builder.input('x', ['T']);
    const end = builder.input('end', [1], 'int64');
    builder.output(builder.node('Relu', [builder.node('Slice', [x, builder.ints(0), end])]));
    let searches = 0;
    const late: typeof LATE_PLANNING = {
      ...LATE_PLANNING,
      decide: (...given) => {
        searches++;
        return LATE_PLANNING.decide(...given);
      },
    };
    const executor = await Executor.create(builder.build(), { ...COMPLETE_RUNTIME, late }, { threads: 1 });
    const run = (count: number) => {
      const feeds = {
        x: tensorValue('float32', [4], Float32Array.of(1, -2, 3, 4)),
        end: tensorValue('int64', [1], BigInt64Array.of(BigInt(count))),
      };
      return [...(Object.values(executor.run(feeds))[0]!.data as Float32Array)];
    };
    expect(run(3)).toEqual([1, 0, 3]);
    const first = executor.plan;
    expect(run(3)).toEqual([1, 0, 3]);
    expect(executor.plan).toBe(first);
    expect(run(2)).toEqual([1, 0]);
    expect(searches).toBe(1);
    executor.dispose();
  });
});
