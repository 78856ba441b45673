import type { EngineThread } from './engine-thread.js';
import type { BenchNetwork } from './network.js';
import type { EngineId, ModelForm, Tensors } from './types.js';

/** How far each engine's answer was from the reference. Engines that refused or failed this were not timed. */
export interface Verification {
  readonly engine: EngineId;
  /** What it was compared with. */
  readonly reference: 'onnxruntime-web, float32' | 'onnxruntime-web, function bodies';
  /** Largest difference, relative to the largest value of the reference. */
  readonly largest: number;
  /** Root of the mean squared difference, relative to that of the reference. */
  readonly rms: number;
  /** Share of the codes of all lookup layers that differ; undefined where there are none. */
  readonly codes?: number;
}

/** Float32 engines sum in another order; int8 ones round every activation. */
const LARGEST_DENSE = 1e-3;
const RMS_INT8 = 0.5;
/**
 * Codes and sums are integers and equal wherever their inputs are. Float32 layers between lookup layers round differently, which moves
 * an activation to the next level now and then; a code in a few thousand may follow. In a deep network with random weights one
 * code is enough to change most of those that come much later, so the first layer with a difference is judged.
 */
const CODES = 1e-3;
const RMS_LOOKUP = 0.05;

type Opened = { readonly thread: EngineThread };
export type OpenForm = (engine: EngineId, form: ModelForm) => Promise<Opened>;

/**
 * Compares every engine's answer with that of onnxruntime-web, which runs lookup networks by the function bodies in their files.
 *
 * @throws Error naming the engine and how far it is off
 */
export async function verify(
  network: BenchNetwork,
  threads: readonly EngineThread[],
  open: OpenForm,
): Promise<readonly Verification[]> {
  const results: Verification[] = [];
  const refuse = (engine: EngineId, why: string): never => {
    throw new Error(`${engine} answers ${network.title} wrongly: ${why}. Nothing was timed`);
  };
  const once = async (engine: EngineId, form: ModelForm): Promise<Tensors> => {
    const { thread } = await open(engine, form);
    const answer = await thread.answer();
    thread.close();
    return answer;
  };
  const lookup = threads.find(({ engine }) => engine === 'lutra');
  if (lookup) {
    const reference = await once('ort-f32', 'codes');
    const { largest, rms } = distance(await lookup.answer(), reference);
    const { share: codes, firstShare, first } = differingCodes(await once('lutra', 'codes'), reference);
    if (!(firstShare <= CODES)) refuse('lutra', `${(firstShare * 100).toFixed(3)} % of the codes of ${first} differ`);
    // Behind a code that differs the networks part: only answers from the same codes can be compared.
    if (codes <= CODES && !(rms <= RMS_LOOKUP)) refuse('lutra', `the answer is off by ${rms} of its size`);
    results.push({ engine: 'lutra', reference: 'onnxruntime-web, function bodies', largest, rms, codes });
  }
  const others = threads.filter(({ engine }) => engine !== 'lutra' && engine !== 'ort-f32');
  if (others.length === 0) return results;
  const running = threads.find(({ engine }) => engine === 'ort-f32');
  const reference = running ? await running.answer() : await once('ort-f32', 'dense');
  for (const thread of others) {
    const { engine } = thread;
    const { largest, rms } = distance(await thread.answer(), reference);
    const right = engine === 'ort-int8' ? rms <= RMS_INT8 : largest <= LARGEST_DENSE;
    if (!right) refuse(engine, `off by ${largest} of the largest value, ${rms} on average`);
    results.push({ engine, reference: 'onnxruntime-web, float32', largest, rms });
  }
  return results;
}

/** Infinity when an output is missing or of another size. Outputs that only one of the two has are not compared. */
export function distance(actual: Tensors, expected: Tensors): { readonly largest: number; readonly rms: number } {
  let largest = 0;
  let difference = 0;
  let squares = 0;
  let differences = 0;
  for (const [name, { data, type }] of Object.entries(expected)) {
    if (type !== 'float32') continue;
    const wanted = data as Float32Array;
    const got = Object.values(expected).length === 1 ? Object.values(actual)[0] : actual[name];
    if (got?.data.length !== wanted.length) return { largest: Number.POSITIVE_INFINITY, rms: Number.POSITIVE_INFINITY };
    wanted.forEach((value, i) => {
      const off = Math.abs(Number(got.data[i]) - value);
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, off);
      squares += value * value;
      differences += off * off;
    });
  }
  return { largest: difference / largest, rms: Math.sqrt(differences / squares) };
}

export interface DifferingCodes {
  /** Of all codes, 0..1. */
  readonly share: number;
  /** Of the codes of the first layer that has any. */
  readonly firstShare: number;
  /** That layer. */
  readonly first: string | undefined;
}

/** Share of the uint8 outputs that differ, and where they begin to; 1 when one is missing or of another size. */
export function differingCodes(actual: Tensors, expected: Tensors): DifferingCodes {
  let total = 0;
  let different = 0;
  let first: string | undefined;
  let firstShare = 0;
  for (const [name, { data, type }] of Object.entries(expected)) {
    if (type !== 'uint8') continue;
    const wanted = data as Uint8Array;
    const got = actual[name]?.data as Uint8Array | undefined;
    if (got?.length !== wanted.length) return { share: 1, firstShare: 1, first: name };
    for (let i = 0; i < wanted.length; i++) if (got[i] !== wanted[i]) different++;
    total += wanted.length;
    if (different > 0 && first === undefined) {
      first = name;
      firstShare = different / wanted.length;
    }
  }
  return total === 0 ? { share: 1, firstShare: 1, first } : { share: different / total, firstShare, first };
}
