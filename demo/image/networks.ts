import type { LoadProgress } from '../../src/index.js';
import type { EngineKind, ModelEntry } from '../shared/models.js';
import { type EngineOptions, ImageNetwork } from './network.js';

/** The lookup network and its dense original, loaded when first wanted and released together. */
export class ImageNetworks {
  readonly #abort = new AbortController();
  readonly #loading: Partial<Record<EngineKind, Promise<ImageNetwork>>> = {};
  readonly loaded: Partial<Record<EngineKind, ImageNetwork>> = {};

  constructor(
    readonly model: ModelEntry,
    private readonly options: EngineOptions,
    private readonly onProgress: (kind: EngineKind, progress: LoadProgress) => void,
  ) {}

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Loads a network once. */
  get(kind: EngineKind): Promise<ImageNetwork> {
    return (this.#loading[kind] ??= this.#load(kind));
  }

  async #load(kind: EngineKind): Promise<ImageNetwork> {
    const onProgress = (progress: LoadProgress) => this.onProgress(kind, progress);
    const network = await ImageNetwork.load(this.model[kind], this.options, this.#abort.signal, onProgress);
    this.loaded[kind] = network;
    return network;
  }

  /** Stops what is loading and releases what is loaded. */
  release(): void {
    this.#abort.abort();
    for (const loading of Object.values(this.#loading)) {
      loading.then(
        (network) => network.release(),
        () => undefined, // Whoever asked for the network hears of its failure.
      );
    }
  }
}
