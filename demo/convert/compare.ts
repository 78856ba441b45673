import { InferenceSession, type Tensor, type TensorLike } from '../../src/index.js';
import type { HeldOut } from './protocol.js';

/** Both networks on examples that neither the fit nor its choices have seen. */
export interface Comparison {
  readonly examples: number;
  /** Share of the examples with the same highest output, 0..1; undefined where the output is no [N, classes]. */
  readonly agreement: number | undefined;
  /** Shares of right answers; undefined without classes. */
  readonly accuracy: { readonly dense: number; readonly lut: number } | undefined;
  /** ‖lookup − dense‖² / ‖dense‖² over all outputs. */
  readonly difference: number;
  /** Milliseconds of single runs with one batch of the network's own size, taken in turn. */
  readonly runs: { readonly dense: readonly number[]; readonly lut: readonly number[] };
}

const WARM_UP = 3;
const ROUNDS = 8;
const RUNS_PER_ROUND = 4;
/** Slow networks are measured in fewer rounds. */
const ENOUGH_MILLISECONDS = 4_000;

/** Index of the highest output of every row [N, classes]; undefined for other shapes. */
function answers({ data, dims }: TensorLike): number[] | undefined {
  if (dims.length !== 2 || dims[1]! < 2 || !(data instanceof Float32Array)) return undefined;
  const classes = dims[1]!;
  return Array.from({ length: dims[0]! }, (_, n) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (data[n * classes + c]! > data[n * classes + best]!) best = c;
    return best;
  });
}

const share = (flags: readonly boolean[]) => flags.filter(Boolean).length / flags.length;

/** Runs and times both networks, each in a worker of its own on one thread. */
export async function compare(
  dense: Uint8Array<ArrayBuffer>,
  lut: Uint8Array<ArrayBuffer>,
  { batches, labels, count }: HeldOut,
  signal: AbortSignal,
): Promise<Comparison> {
  const sessions: InferenceSession[] = [];
  try {
    // Copies: a session may take the bytes it is given to its worker.
    for (const bytes of [dense, lut]) {
      sessions.push(await InferenceSession.create(bytes.slice(), { threads: 1, signal }));
    }
    const [first, second] = sessions as [InferenceSession, InferenceSession];
    const input = first.inputNames[0]!;
    const output = first.outputNames[0]!;
    const found: { dense: number[]; lut: number[] } | undefined = { dense: [], lut: [] };
    let comparable = true;
    let error = 0;
    let energy = 0;
    for (const batch of batches) {
      const run = async (session: InferenceSession) =>
        (await session.run({ [input]: batch as Tensor }, undefined, { signal }))[output]!;
      const [a, b] = [await run(first), await run(second)];
      const [is, should] = [b.data as ArrayLike<number>, a.data as ArrayLike<number>];
      for (let i = 0; i < should.length; i++) {
        error += (Number(is[i]) - Number(should[i])) ** 2;
        energy += Number(should[i]) ** 2;
      }
      const [denseAnswers, lutAnswers] = [answers(a), answers(b)];
      if (!denseAnswers || !lutAnswers) comparable = false;
      else {
        found.dense.push(...denseAnswers);
        found.lut.push(...lutAnswers);
      }
    }
    const right = (answered: readonly number[]) => share(answered.map((answer, i) => answer === labels![i]));
    return {
      examples: count,
      agreement: comparable ? share(found.dense.map((answer, i) => answer === found.lut[i])) : undefined,
      accuracy: comparable && labels ? { dense: right(found.dense), lut: right(found.lut) } : undefined,
      difference: energy > 0 ? error / energy : 0,
      runs: await timeInTurn(first, second, { [input]: firstExample(batches[0]!, first) }, signal),
    };
  } finally {
    await Promise.all(sessions.map((session) => session.release()));
  }
}

/** One example, or one batch where the network insists on its size. */
function firstExample(batch: TensorLike, session: InferenceSession): TensorLike {
  if (typeof session.inputMetadata[0]!.dims[0] === 'number') return batch;
  const data = batch.data as Float32Array;
  return { type: batch.type, dims: [1, ...batch.dims.slice(1)], data: data.slice(0, data.length / batch.dims[0]!) };
}

async function timeInTurn(
  dense: InferenceSession,
  lut: InferenceSession,
  feeds: Record<string, TensorLike>,
  signal: AbortSignal,
): Promise<Comparison['runs']> {
  const runs = { dense: [] as number[], lut: [] as number[] };
  await dense.time(feeds, WARM_UP);
  await lut.time(feeds, WARM_UP);
  const start = performance.now();
  for (let round = 0; round < ROUNDS && (round === 0 || performance.now() - start < ENOUGH_MILLISECONDS); round++) {
    signal.throwIfAborted();
    runs.dense.push(...(await dense.time(feeds, RUNS_PER_ROUND)));
    runs.lut.push(...(await lut.time(feeds, RUNS_PER_ROUND)));
  }
  return runs;
}
