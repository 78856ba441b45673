import type { CheckForm } from './check-forms.js';
import { distance } from './compare.js';
import type { EngineThread } from './engine-thread.js';
import { type BenchNetwork, feedsOf } from './network.js';
import type { Contender, EngineId, Tensors } from './types.js';
import { verifyLookups } from './verify-lookups.js';

/** How far each contender's answer was from the reference. Those that refused or failed this were not timed. */
export interface Verification extends Contender {
  /** What it was compared with. */
  readonly reference: 'onnxruntime-web, float32' | 'onnxruntime-web, function bodies';
  /** Largest difference, relative to the largest value of the reference. */
  readonly largest: number;
  /** Root of the mean squared difference, relative to that of the reference. */
  readonly rms: number;
  /** Share of the codes of all lookup layers that differ though they follow from the same codes before; undefined where there are none. */
  readonly codes?: number;
  /** Lookup layers in which, fed with the reference's input, all codes and integer sums were equal. */
  readonly layers?: number;
}

/** A form of the lookup network, or its dense network; the feeds are the network's where not given. */
export interface AnswerRequest {
  readonly form: CheckForm | 'dense';
  readonly feeds?: Tensors;
}
/** Loads a form for a contender, runs it once and ends the engine. */
export type Answers = (contender: Contender, request: AnswerRequest) => Promise<Tensors>;

/** Float32 engines sum in another order; int8 ones round every activation. */
const LARGEST_DENSE = 1e-3;
const RMS_INT8 = 0.5;

/**
 * Compares every contender's answer with that of onnxruntime-web, which runs lookup networks by the function bodies in their files.
 *
 * @throws Error naming the engine and how far it is off
 */
export async function verify(
  network: BenchNetwork,
  threads: readonly EngineThread[],
  answers: Answers,
): Promise<readonly Verification[]> {
  const results: Verification[] = [];
  const refuseAs =
    ({ engine, threads: count, wasm }: Contender) =>
    (why: string): never => {
      const way = `${count} threads, Wasm build "${wasm}"`;
      throw new Error(`${engine} answers ${network.title} wrongly (${way}): ${why}. Nothing was timed`);
    };
  const is = (id: EngineId) => (thread: EngineThread) => thread.contender.engine === id;
  const feeds = feedsOf(network);
  for (const thread of threads.filter(is('lutra'))) {
    const { contender } = thread;
    results.push(await verifyLookups(contender, await thread.answer(), feeds, answers, refuseAs(contender)));
  }
  const others = threads.filter((thread) => !is('lutra')(thread) && !is('ort-f32')(thread));
  if (others.length === 0) return results;
  const running = threads.find(is('ort-f32'));
  const reference = running
    ? await running.answer()
    : await answers({ ...others[0]!.contender, engine: 'ort-f32', file: undefined }, { form: 'dense' });
  for (const thread of others) {
    const { contender } = thread;
    const { engine } = contender;
    const { largest, rms } = distance(await thread.answer(), reference);
    const rounded = engine === 'ort-int8' ? RMS_INT8 : network.rounded?.[engine];
    const right = rounded === undefined ? largest <= LARGEST_DENSE : rms <= rounded;
    if (!right) refuseAs(contender)(`off by ${largest} of the largest value, ${rms} on average`);
    results.push({ ...contender, reference: 'onnxruntime-web, float32', largest, rms });
  }
  return results;
}
