/** Features, network and detection, away from the page's thread; live sound comes straight from the audio thread. */
import { LutraError } from '../../src/index.js';
import { type HeardFrame, Listener, type ListenerEvents } from '../../src/speech/listener.js';
import { SoundClock } from './clock.js';
import { SpeechNetwork } from './network.js';
import type { Failure, Report, Request } from './protocol.js';

/** Frames from one window to the next: 60 ms. */
const STRIDE = 4;
/** Milliseconds over which probabilities are averaged. */
const SMOOTHING = 240;
/** Frames per message of live sound, 30 ms, and of a recording, where nobody waits for the next. */
const LIVE_FRAMES = 2;
const CLIP_FRAMES = 64;
/** Seconds of silence around a recording, so that a word at its edge passes through the windows as in live sound. */
const MARGIN_SECONDS = 0.7;

let network: SpeechNetwork | undefined;
let listener: Listener | undefined;
let port: MessagePort | undefined;
let session = 0;
let threshold = 0;

function post(report: Report, transfer: Transferable[] = []): void {
  self.postMessage(report, { transfer });
}

function toFailure(thrown: unknown): Failure {
  const { name, code, message } = LutraError.from(thrown);
  return { name, code, message };
}

const now = (): number => performance.timeOrigin + performance.now();

/** Collects frames into messages. */
class FrameBatch {
  private frames: HeardFrame[] = [];

  constructor(
    private readonly session: number,
    private readonly size: number,
  ) {}

  add(frame: HeardFrame): void {
    this.frames.push({ ...frame, row: frame.row.slice() });
    if (this.frames.length === this.size) this.flush();
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
    post({ kind: 'frames', session: this.session, count: frames.length, rows, levels, extremes }, [
      rows.buffer,
      levels.buffer,
      extremes.buffer,
    ]);
  }
}

/** A listener for a new session; the one before is forgotten. */
function begin(number: number, live: boolean, clock?: SoundClock): { listener: Listener; frames: FrameBatch } {
  if (!network) throw new LutraError('INTERNAL', 'there is no network to listen with');
  end();
  session = number;
  const frames = new FrameBatch(number, live ? LIVE_FRAMES : CLIP_FRAMES);
  const { spec, labels } = network;
  const loaded = network;
  const events: ListenerEvents = {
    onFrame: (frame) => frames.add(frame),
    onWindow: ({ time, smoothed, featureMilliseconds, networkMilliseconds }) => {
      frames.flush();
      const { skipped } = mine;
      post({ kind: 'window', session: number, time, smoothed, featureMilliseconds, networkMilliseconds, skipped });
    },
    onWord: (word) => post({ kind: 'word', session: number, word }),
    onWordEnd: (time) => post({ kind: 'end', session: number, time, ...(clock ? { clock: clock.at(time) } : {}) }),
  };
  const classify = (features: Float32Array) => loaded.classify(features);
  const mine = new Listener({ spec, labels, classify, threshold, stride: STRIDE, smoothing: SMOOTHING, live }, events);
  listener = mine;
  return { listener: mine, frames };
}

function end(): void {
  port?.close();
  port = undefined;
  listener = undefined;
}

function listen(number: number, source: MessagePort, sampleRate: number): void {
  const clock = new SoundClock();
  const { listener: mine } = begin(number, true, clock);
  port = source;
  let samples = 0;
  source.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    if (session !== number || !port) return;
    samples += data.length;
    clock.arrived((1000 * samples) / sampleRate, now());
    mine.push(data, sampleRate).catch((thrown: unknown) => fail(thrown, number));
  };
}

async function hearClip(number: number, samples: Float32Array, sampleRate: number): Promise<void> {
  const { listener: mine, frames } = begin(number, false);
  const margin = new Float32Array(Math.round(MARGIN_SECONDS * sampleRate));
  for (const piece of [margin, samples, margin]) await mine.push(piece, sampleRate);
  if (session !== number) return;
  frames.flush();
  post({ kind: 'done', session: number });
}

function fail(thrown: unknown, number?: number): void {
  if (number !== undefined) end();
  post({ kind: 'failed', error: toFailure(thrown), ...(number === undefined ? {} : { session: number }) });
}

async function load(url: string): Promise<void> {
  network = await SpeechNetwork.load(url, (progress) => post({ kind: 'progress', progress }));
  const { labels, spec, info } = network;
  post({ kind: 'ready', labels, spec, modelBytes: info.modelBytes, wasm: info.wasm, stride: STRIDE });
}

self.onmessage = ({ data }: MessageEvent<Request>) => {
  switch (data.kind) {
    case 'load':
      threshold = data.threshold;
      load(data.url).catch((thrown: unknown) => fail(thrown));
      break;
    case 'listen':
      try {
        listen(data.session, data.port, data.sampleRate);
      } catch (thrown) {
        fail(thrown, data.session);
      }
      break;
    case 'clip':
      hearClip(data.session, data.samples, data.sampleRate).catch((thrown: unknown) => fail(thrown, data.session));
      break;
    case 'stop':
      end();
      break;
    case 'threshold':
      threshold = data.threshold;
      if (listener) listener.threshold = data.threshold;
      break;
  }
};
