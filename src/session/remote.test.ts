import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildWorker } from '../../test/build-worker.js';
import { tensorValue } from '../graph/tensor.js';
import { InferenceSession, Tensor } from '../index.js';
import { serializeModel } from '../onnx/serialize.js';
import { nodeHandle } from './handle.js';
import type { OperatorSet } from './spawn.js';

const scripts: Record<OperatorSet, URL> = { core: new URL('file:///'), complete: new URL('file:///') };
const started: OperatorSet[] = [];

// Node starts the complete worker at once; browsers begin with the core worker, as here.
vi.mock('./spawn.js', async (importOriginal) => ({
  ...(await importOriginal<typeof import('./spawn.js')>()),
  spawnWorker(operators: OperatorSet, url?: URL) {
    started.push(operators);
    return nodeHandle(new Worker(url ?? scripts[operators]));
  },
}));

beforeAll(async () => {
  scripts.core = await buildWorker('src/session/worker.ts');
  scripts.complete = await buildWorker();
});
afterAll(() => {
  for (const script of Object.values(scripts)) rmSync(new URL('.', script), { recursive: true });
});

/** y = op(x), x of any length. */
function model(op: string): Uint8Array {
  return serializeModel({
    name: 'test',
    opset: { '': 17 },
    inputs: [{ name: 'x', type: 'float32', dims: ['N'] }],
    outputs: [{ name: 'y', type: 'float32', dims: ['N'] }],
    nodes: [
      { name: 'scale', op: 'Mul', domain: '', inputs: ['x', 'two'], outputs: ['m'], attributes: {} },
      { name: 'last', op, domain: '', inputs: ['m'], outputs: ['y'], attributes: {} },
    ],
    initializers: new Map([['two', tensorValue('float32', [], Float32Array.of(2))]]),
    metadata: {},
  });
}

async function answer(op: string, threads: number): Promise<number> {
  started.length = 0;
  const session = await InferenceSession.create(model(op), { threads });
  const { y } = await session.run({ x: new Tensor('float32', [0.75]) });
  await session.release();
  return y!.data[0] as number;
}

describe('the choice of worker', () => {
  it('is the core worker for common operators', async () => {
    expect(await answer('Relu', 1)).toBe(1.5);
    expect(started).toEqual(['core']);
  });

  it.each([1, 2])('goes to the complete worker, bytes and all, for others (%i threads)', async (threads) => {
    expect(await answer('Sin', threads)).toBeCloseTo(Math.sin(1.5), 6);
    const helpers = Array<OperatorSet>(threads - 1).fill('core');
    expect(started).toEqual(['core', ...helpers, 'complete']);
  });

  it('reports operators that neither has', async () => {
    await expect(InferenceSession.create(model('Nonsense'), { threads: 1 })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('Nonsense'),
    });
  });

  it('is left to a given script, which may be too small', async () => {
    const options = { workerUrl: scripts.core, threads: 1 };
    const session = await InferenceSession.create(model('Relu'), options);
    await session.release();
    await expect(InferenceSession.create(model('Sin'), options)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('worker-complete'),
    });
  });
});
