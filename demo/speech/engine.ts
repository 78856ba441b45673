import { type LoadProgress, LutraError } from '../../src/index.js';
import type { Frames, Ready, Report, Request, WindowReport } from './protocol.js';

export interface EngineListener {
  onProgress(progress: LoadProgress): void;
  onFrames(frames: Frames): void;
  onWindow(window: WindowReport): void;
  onWord(word: Extract<Report, { kind: 'word' }>['word']): void;
  onWordEnd(clock: number | undefined): void;
  onDone(): void;
  /** Hearing failed; the network stays loaded. */
  onFailure(error: LutraError): void;
}

/** A worker with one network. What belongs to a session that is over is not passed on. */
export class Engine {
  readonly ready: Promise<Ready>;
  private readonly worker: Worker;
  private session = 0;
  private released = false;
  private refuse: (error: LutraError) => void = () => {};

  constructor(
    url: string,
    threshold: number,
    private readonly listener: EngineListener,
  ) {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.ready = new Promise((resolve, reject) => {
      this.refuse = reject;
      this.worker.onmessage = ({ data }: MessageEvent<Report>) => this.receive(data, resolve);
      this.worker.onerror = (event) => {
        const error = new LutraError('PLATFORM', `the worker failed: ${event.message || 'its script did not load'}`);
        reject(error);
        this.listener.onFailure(error);
      };
    });
    this.ask({ kind: 'load', url, threshold });
  }

  private ask(request: Request, transfer: Transferable[] = []): void {
    this.worker.postMessage(request, transfer);
  }

  private receive(report: Report, resolve: (ready: Ready) => void): void {
    const { listener } = this;
    if (this.released || ('session' in report && report.session !== this.session)) return;
    switch (report.kind) {
      case 'progress':
        listener.onProgress(report.progress);
        break;
      case 'ready':
        resolve(report);
        break;
      case 'failed': {
        const error = LutraError.from(report.error);
        if (report.session === undefined) this.refuse(error);
        else listener.onFailure(error);
        break;
      }
      case 'frames':
        listener.onFrames(report);
        break;
      case 'window':
        listener.onWindow(report);
        break;
      case 'word':
        listener.onWord(report.word);
        break;
      case 'end':
        listener.onWordEnd(report.clock);
        break;
      case 'done':
        listener.onDone();
        break;
    }
  }

  /** Hears live sound; `port` is the other end of the microphone's. */
  listen(port: MessagePort, sampleRate: number): void {
    this.ask({ kind: 'listen', session: ++this.session, port, sampleRate }, [port]);
  }

  /** Hears a recording. */
  hear(samples: Float32Array, sampleRate: number): void {
    this.ask({ kind: 'clip', session: ++this.session, samples, sampleRate });
  }

  /** Stops hearing; what was heard and not yet reported is dropped. */
  stop(): void {
    this.session++;
    this.ask({ kind: 'stop' });
  }

  set threshold(threshold: number) {
    this.ask({ kind: 'threshold', threshold });
  }

  /** Ends the worker, also one that is still loading. */
  release(): void {
    this.released = true;
    this.worker.terminate();
    this.refuse(new LutraError('ABORTED', 'the network is no longer wanted'));
  }
}
