import { proxy, type Remote, transfer, wrap } from '../../src/comlink.js';
import { type LoadProgress, LutraError } from '../../src/index.js';
import type { Ready, SoundEvents, SpeechApi } from './protocol.js';

export interface EngineListener extends SoundEvents {
  onProgress(progress: LoadProgress): void;
  /** A recording was heard to its end. */
  onDone(): void;
  /** Hearing failed; the network stays loaded. */
  onFailure(error: LutraError): void;
}

/** A worker with one network. Events of a sound that is over are dropped. */
export class Engine {
  readonly ready: Promise<Ready>;
  private readonly worker: Worker;
  private readonly api: Remote<SpeechApi>;
  /** Number of the present sound. */
  private sound = 0;
  private loading = true;
  private refuse: (error: LutraError) => void = () => {};

  constructor(
    url: string,
    threshold: number,
    private readonly listener: EngineListener,
  ) {
    this.worker = new Worker(new URL('./speech-worker.ts', import.meta.url), { type: 'module' });
    this.api = wrap<SpeechApi>(this.worker);
    // Progress comes through a channel of its own, so it may come after the result.
    const onProgress = (progress: LoadProgress): void => {
      if (this.loading) listener.onProgress(progress);
    };
    const loaded = new Promise<Ready>((resolve, reject) => {
      this.refuse = reject;
      this.worker.onerror = (event) => {
        const error = new LutraError('PLATFORM', `the worker failed: ${event.message || 'its script did not load'}`);
        reject(error);
        listener.onFailure(error);
      };
      this.api.load(url, threshold, proxy(onProgress)).then(resolve, reject);
    });
    this.ready = loaded.finally(() => {
      this.loading = false;
    });
  }

  /** Hears live sound; `port` is the other end of the microphone's. */
  listen(port: MessagePort, sampleRate: number): void {
    this.begin((events) => this.api.listen(transfer(port, [port]), sampleRate, events));
  }

  /** Hears a recording. */
  hear(samples: Float32Array, sampleRate: number): void {
    this.begin((events) => this.api.hear(samples, sampleRate, events), this.listener.onDone);
  }

  private begin(start: (events: SoundEvents) => Promise<void>, onDone?: () => void): void {
    const { listener } = this;
    const mine = ++this.sound;
    const ifMine =
      <T extends unknown[]>(then: (...details: T) => void) =>
      (...details: T): void => {
        if (this.sound === mine) then.apply(listener, details);
      };
    const events = proxy({
      onFrames: ifMine(listener.onFrames),
      onWindow: ifMine(listener.onWindow),
      onWord: ifMine(listener.onWord),
      onWordEnd: ifMine(listener.onWordEnd),
    });
    start(events).then(ifMine(onDone ?? (() => {})), ifMine(listener.onFailure));
  }

  /** Stops hearing; what was heard and not yet reported is dropped. */
  stop(): void {
    this.sound++;
    void this.api.stop();
  }

  set threshold(threshold: number) {
    void this.api.setThreshold(threshold);
  }

  /** Ends the worker, also one that is still loading. */
  release(): void {
    this.sound++;
    this.worker.terminate();
    this.refuse(new LutraError('ABORTED', 'the network is no longer wanted'));
  }
}
