import type { EngineThread } from './engine-thread.js';
import type { BenchNetwork } from './network.js';
import type { EngineId, ModelForm, Tensors } from './types.js';

/** Largest difference of a float32 engine, relative to the largest value of the reference. */
const DENSE_TOLERANCE = 1e-3;

type Open = (engine: EngineId, form: ModelForm) => Promise<{ readonly thread: EngineThread }>;

/** Refuses engines whose answers are not those of onnxruntime-web. @throws Error naming the engine and how far it is off */
export async function verify(network: BenchNetwork, threads: readonly EngineThread[], open: Open): Promise<void> {
  const dense = threads.filter(({ engine }) => engine === 'lutra-dense');
  if (dense.length > 0) {
    const reference = await answerOf(threads, 'ort-f32', () => open('ort-f32', 'dense'));
    for (const thread of dense) {
      const off = distance(await thread.answer(), reference);
      if (!(off <= DENSE_TOLERANCE)) {
        throw new Error(`${thread.engine} answers ${network.title} wrongly: off by ${off} of the largest value`);
      }
    }
  }
}

async function answerOf(
  threads: readonly EngineThread[],
  engine: EngineId,
  open: () => Promise<{ readonly thread: EngineThread }>,
): Promise<Tensors> {
  const running = threads.find((thread) => thread.engine === engine);
  if (running) return running.answer();
  const { thread } = await open();
  const answer = await thread.answer();
  thread.close();
  return answer;
}

/** Largest difference between two answers, relative to the largest value of the second; Infinity when they cannot be compared. */
export function distance(actual: Tensors, expected: Tensors): number {
  let worst = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const wanted = data as Float32Array;
    const got = actual[name]?.data as Float32Array | undefined;
    if (got?.length !== wanted.length) return Number.POSITIVE_INFINITY;
    let largest = 0;
    let difference = 0;
    for (let i = 0; i < wanted.length; i++) {
      largest = Math.max(largest, Math.abs(wanted[i]!));
      const off = Math.abs(got[i]! - wanted[i]!);
      difference = Math.max(off, difference);
    }
    worst = Math.max(worst, difference / largest);
  }
  return worst;
}
