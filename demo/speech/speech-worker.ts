/** Features, network and detection, away from the page's thread; live sound comes straight from the audio thread. */
import { expose, moved, type Remote } from '../../src/comlink.js';
import { LutraError } from '../../src/index.js';
import { type HeardFrame, Listener } from '../../src/speech/listener.js';
import { SoundClock } from './clock.js';
import { SpeechNetwork } from './network.js';
import type { SoundEvents, SpeechApi } from './protocol.js';

/** Frames from one window to the next: 60 ms. */
const STRIDE = 4;
/** Milliseconds over which probabilities are averaged. */
const SMOOTHING = 240;
/** Frames per event of live sound, 30 ms, and of a recording, which needs no quick events. */
const LIVE_FRAMES = 2;
const CLIP_FRAMES = 64;
/** Seconds of silence around a recording, so that a word at its edge passes through the windows as in live sound. */
const MARGIN_SECONDS = 0.7;

let network: SpeechNetwork | undefined;
let threshold = 0;
let current: Hearing | undefined;

const now = (): number => performance.timeOrigin + performance.now();

/** One sound that is heard. Its events are sent as long as it is the current one. */
class Hearing {
  readonly listener: Listener;
  /** Settles when the sound ends before it was heard: resolves when another began or it was stopped, rejects when hearing failed. */
  readonly ended: Promise<void>;
  end: () => void = () => {};
  fail: (reason: unknown) => void = () => {};
  /** Resolves when the page has handled the newest event, and so all events. */
  delivered: Promise<void> = Promise.resolve();
  private frames: HeardFrame[] = [];

  /** @param clock for live sound */
  constructor(
    network: SpeechNetwork,
    private readonly events: Remote<SoundEvents>,
    private readonly clock?: SoundClock,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
    const { spec, labels } = network;
    const classify = (features: Float32Array) => network.classify(features);
    this.listener = new Listener(
      { spec, labels, classify, threshold, stride: STRIDE, smoothing: SMOOTHING, live: clock !== undefined },
      {
        onFrame: (frame) => this.add(frame),
        onWindow: ({ time, smoothed, featureMilliseconds, networkMilliseconds }) => {
          this.flush();
          const { skipped } = this.listener;
          this.send(() => events.onWindow({ time, smoothed, featureMilliseconds, networkMilliseconds, skipped }));
        },
        onWord: (word) => this.send(() => events.onWord(word)),
        onWordEnd: (time) => this.send(() => events.onWordEnd(clock?.at(time))),
      },
    );
  }

  private send(event: () => Promise<void>): void {
    if (current !== this) return;
    this.delivered = event();
    this.delivered.catch(this.fail);
  }

  /** Collects frames into events. */
  private add(frame: HeardFrame): void {
    this.frames.push({ ...frame, row: frame.row.slice() });
    if (this.frames.length === (this.clock ? LIVE_FRAMES : CLIP_FRAMES)) this.flush();
  }

  flush(): void {
    const { frames } = this;
    if (frames.length === 0) return;
    this.frames = [];
    const mels = frames[0]!.row.length;
    const rows = new Float32Array(frames.length * mels);
    frames.forEach(({ row }, i) => {
      rows.set(row, i * mels);
    });
    const levels = Float32Array.from(frames, ({ level }) => level);
    const extremes = Float32Array.from(frames.flatMap(({ low, high }) => [low, high]));
    this.send(() => this.events.onFrames(moved({ count: frames.length, rows, levels, extremes })));
  }
}

function stop(): void {
  current?.end();
  current = undefined;
}

function begin(events: Remote<SoundEvents>, clock?: SoundClock): Hearing {
  if (!network) throw new LutraError('INTERNAL', 'there is no network to listen with');
  stop();
  current = new Hearing(network, events, clock);
  return current;
}

const api: SpeechApi = {
  async load(url, wanted, onProgress) {
    threshold = wanted;
    network = await SpeechNetwork.load(url, onProgress);
    const { labels, spec, info } = network;
    return { labels, spec, modelBytes: info.modelBytes, wasm: info.wasm, stride: STRIDE };
  },

  async listen(port, sampleRate, events: Remote<SoundEvents>) {
    const clock = new SoundClock();
    const { listener, fail, ended } = begin(events, clock);
    let samples = 0;
    port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      samples += data.length;
      clock.arrived((1000 * samples) / sampleRate, now());
      listener.push(data, sampleRate).catch(fail);
    };
    await ended.finally(() => port.close());
  },

  async hear(samples, sampleRate, events: Remote<SoundEvents>) {
    const hearing = begin(events);
    const margin = new Float32Array(Math.round(MARGIN_SECONDS * sampleRate));
    const hearAll = async () => {
      for (const piece of [margin, samples, margin]) await hearing.listener.push(piece, sampleRate);
      hearing.flush();
      await hearing.delivered;
    };
    await Promise.race([hearAll(), hearing.ended]);
  },

  stop,
  setThreshold(wanted) {
    threshold = wanted;
    if (current) current.listener.threshold = wanted;
  },
};
expose(api);
