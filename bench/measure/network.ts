import { seededRandom } from '../../src/convert/random.js';
import type { EngineId, ModelForm, Tensors } from './types.js';

export interface InputSpec {
  readonly name: string;
  readonly type: 'float32' | 'int64';
  readonly dims: readonly number[];
}

/** A network that can be measured here. */
export interface BenchNetwork {
  readonly id: string;
  readonly title: string;
  readonly inputs: readonly InputSpec[];
  /** Addresses or bytes of the files that the network has. */
  readonly models: Readonly<Partial<Record<ModelForm, string | Uint8Array<ArrayBuffer>>>>;
  /** Values of the first input, for one example. Default: {@link exampleFeeds}. */
  readonly example?: readonly number[];
  /** Engines that compute in int8 because their file makes them, and how far off their answer may be (root mean square). */
  readonly rounded?: Readonly<Partial<Record<EngineId, number>>>;
}

/** What a network is timed with. */
export function feedsOf({ inputs, example }: BenchNetwork): Tensors {
  const feeds = exampleFeeds(inputs);
  const [first] = inputs;
  if (!example || !first) return feeds;
  return { ...feeds, [first.name]: { type: first.type, dims: first.dims, data: Float32Array.from(example) } };
}

/** One example: floats uniform in ±1.7 (variance 1), integers all 1 (a mask that hides nothing). */
export function exampleFeeds(inputs: readonly InputSpec[], seed = 1): Tensors {
  const random = seededRandom(seed);
  const entries = inputs.map(({ name, type, dims }) => {
    const length = dims.reduce((product, size) => product * size, 1);
    if (type === 'int64') return [name, { type, dims, data: new BigInt64Array(length).fill(1n) }];
    const data = new Float32Array(length);
    for (let i = 0; i < length; i++) data[i] = (random() * 2 - 1) * Math.sqrt(3);
    return [name, { type, dims, data }];
  });
  return Object.fromEntries(entries);
}
