import type { PixelImage } from '../../src/data/dataset.js';
import { preprocess } from '../../src/data/preprocess.js';
import { imagePreprocess } from '../../src/element/image-preprocess.js';
import { labelOf, readLabels, toProbabilities } from '../../src/element/scores.js';
import type { ImagePreprocess } from '../../src/graph/metadata.js';
import {
  InferenceSession,
  type LoadProgress,
  type SessionInfo,
  type TensorLike,
  type WasmVariant,
} from '../../src/index.js';

export interface EngineOptions {
  readonly threads: number | 'auto';
  readonly wasm: WasmVariant;
}

/** Time of one layer; its operator and kernel are those of its first step. */
export interface LayerTime {
  readonly node: string;
  readonly op: string;
  readonly kernel: string;
  readonly milliseconds: number;
}

export interface Measurement {
  /** Milliseconds of each whole run, by the worker's clock. */
  readonly runs: readonly number[];
  /** Of the profiled run in the middle. Reading the clock after every layer takes time: the sum is more than a whole run. */
  readonly layers: readonly LayerTime[];
}

/** A loaded image network: images in, probabilities out. */
export class ImageNetwork {
  readonly spec: ImagePreprocess;
  /** Class names, empty when the file has none. */
  readonly labels: readonly string[];

  private constructor(private readonly session: InferenceSession) {
    this.spec = imagePreprocess(session);
    this.labels = readLabels(session.metadata['lutra.labels']);
  }

  /** @throws {LutraError} whatever creating the session throws, or that it is not an image network. */
  static async load(
    url: string,
    options: EngineOptions,
    signal: AbortSignal,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<ImageNetwork> {
    const session = await InferenceSession.create(url, { ...options, signal, onProgress });
    try {
      return new ImageNetwork(session);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  get info(): SessionInfo {
    return this.session.info;
  }

  label(index: number): string {
    return labelOf(this.labels, index);
  }

  /** Probability of every class. */
  async classify(image: PixelImage): Promise<Float32Array> {
    const outputs = await this.session.run(this.#feeds(image));
    const scores = outputs[this.session.outputNames[0]!]!;
    return toProbabilities(Float32Array.from(scores.data as ArrayLike<number>));
  }

  /** Milliseconds of each run, by the worker's clock. */
  time(image: PixelImage, runs: number): Promise<readonly number[]> {
    return this.session.time(this.#feeds(image), runs);
  }

  /** Milliseconds of every step of one run. */
  profile(image: PixelImage): Promise<readonly LayerTime[]> {
    return this.session.profile(this.#feeds(image));
  }

  #feeds(image: PixelImage): Record<string, TensorLike> {
    return { [this.session.inputNames[0]!]: preprocess([image], this.spec) };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

const totalTime = (steps: readonly LayerTime[]) => steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);

/** Layers of the profiled run in the middle, each with the time of all its steps. */
function middleLayers(profiles: readonly (readonly LayerTime[])[]): readonly LayerTime[] {
  const byTotal = [...profiles].sort((a, b) => totalTime(a) - totalTime(b));
  const layers = new Map<string, LayerTime>();
  for (const step of byTotal[byTotal.length >> 1] ?? []) {
    const first = layers.get(step.node) ?? { ...step, milliseconds: 0 };
    layers.set(step.node, { ...first, milliseconds: first.milliseconds + step.milliseconds });
  }
  return [...layers.values()];
}

const WARM_UP = 5;
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 10;
const RUNS_PER_ROUND = 5;
/** Slow machines measure fewer rounds, so that their users do not wait long. */
const ENOUGH_MILLISECONDS = 2_500;

/**
 * Times two networks on the same image, in turn, so that other work of the machine disturbs both equally.
 * The first runs are thrown away: browsers compile hot code then.
 */
export async function measureTogether(
  networks: readonly [ImageNetwork, ImageNetwork],
  image: PixelImage,
  signal: AbortSignal,
): Promise<[Measurement, Measurement]> {
  const runs: [number[], number[]] = [[], []];
  const profiles: [(readonly LayerTime[])[], (readonly LayerTime[])[]] = [[], []];
  for (const network of networks) await network.time(image, WARM_UP);
  const start = performance.now();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (round >= MIN_ROUNDS && performance.now() - start > ENOUGH_MILLISECONDS) break;
    for (const which of [0, 1] as const) {
      const times = await networks[which].time(image, RUNS_PER_ROUND);
      profiles[which].push(await networks[which].profile(image));
      signal.throwIfAborted();
      runs[which].push(...times);
    }
  }
  return [
    { runs: runs[0], layers: middleLayers(profiles[0]) },
    { runs: runs[1], layers: middleLayers(profiles[1]) },
  ];
}
