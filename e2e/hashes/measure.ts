import { allocate } from '../../src/graph/tensor.js';
import { type CreateOptions, InferenceSession, LutraError, type TensorLike } from '../../src/index.js';
import { parseModel } from '../../src/onnx/parse.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { exposeStages, type Stages } from './stages.js';

export interface NamedModel {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One model in one configuration. */
export interface Measurement {
  readonly model: string;
  readonly wasm: string;
  readonly threads: number;
  /** SHA-256 of the bytes of every stage, those of one kind one after the other. `''` where a model has none. */
  readonly hashes: Readonly<Record<keyof Stages, string>>;
  /** How far this is from plain SIMD on one thread in the same place. */
  readonly away: Away;
}

export interface Away {
  /** Share of the codes that differ. */
  readonly codes: number;
  /** Largest difference of an output, relative to its largest magnitude. */
  readonly outputs: number;
}

export interface Configuration {
  readonly wasm: 'simd' | 'relaxed';
  readonly threads: number;
}

const KINDS = ['codes', 'sums', 'outputs'] as const;
type Values = Readonly<Record<string, TensorLike>>;

/** Whole numbers from a linear congruential generator, divided by a power of two: the same in every engine. */
function noise(): () => number {
  let state = 11;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) / 65536;
  };
}

function feeds(session: InferenceSession): Values {
  const next = noise();
  const entries = session.inputMetadata.map(({ name, type, dims }): [string, TensorLike] => {
    const value = allocate(
      type,
      dims.map((dim) => (typeof dim === 'number' ? dim : 2)),
    );
    for (let i = 0; i < value.data.length; i++) (value.data as Float32Array)[i] = next() * 2 - 1;
    return [name, value];
  });
  return Object.fromEntries(entries);
}

async function sha256(parts: readonly TensorLike[]): Promise<string> {
  if (parts.length === 0) return '';
  const bytes = parts.map(({ data }) => {
    const { buffer, byteOffset, byteLength } = data as Uint8Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  const whole = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    whole.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function distance(values: Values, reference: Values, stages: Stages): Away {
  let [different, count, worst] = [0, 0, 0];
  for (const name of stages.codes) {
    const [a, b] = [values[name]!.data as Uint8Array, reference[name]!.data as Uint8Array];
    count += a.length;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) different++;
  }
  for (const name of stages.outputs) {
    const [a, b] = [values[name]!.data as Float32Array, reference[name]!.data as Float32Array];
    const largest = b.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / (largest || 1));
  }
  return { codes: count === 0 ? 0 : different / count, outputs: worst };
}

/**
 * Runs every model in every configuration, in sessions of their own. A configuration that this engine does not have is left out.
 *
 * @param configurations The first is the one that others are compared with.
 */
export async function measure(
  models: readonly NamedModel[],
  configurations: readonly Configuration[],
  options: CreateOptions = {},
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { name, bytes } of models) {
    const { graph, stages } = exposeStages(parseModel(bytes));
    const exposed = serializeModel(graph);
    let reference: Values | undefined;
    for (const configuration of configurations) {
      const session = await open(exposed, { ...options, ...configuration });
      if (!session) continue;
      const values = await session.run(feeds(session));
      reference ??= values;
      const { wasm, threads } = session.info;
      await session.release();
      const hashes = { codes: '', sums: '', outputs: '' };
      for (const kind of KINDS) hashes[kind] = await sha256(stages[kind].map((stage) => values[stage]!));
      measurements.push({ model: name, wasm, threads, hashes, away: distance(values, reference, stages) });
    }
  }
  return measurements;
}

/** undefined where the engine lacks relaxed SIMD. */
async function open(bytes: Uint8Array, options: CreateOptions): Promise<InferenceSession | undefined> {
  try {
    return await InferenceSession.create(bytes.slice(), options);
  } catch (thrown) {
    if (options.wasm === 'relaxed' && LutraError.from(thrown).code === 'PLATFORM') return undefined;
    throw thrown;
  }
}
