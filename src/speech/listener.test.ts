import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testSignal } from '../../test/speech-signal.js';
import { seededRandom } from '../convert/random.js';
import type { AudioPreprocess } from '../graph/metadata.js';
import { type HeardWindow, Listener, type ListenerOptions } from './listener.js';
import { KEYWORD_FEATURES } from './spec.js';
import { frameLevel, SpeechActivity } from './speech-activity.js';
import { WordDetector } from './word-detector.js';

const detector = (options: Partial<ConstructorParameters<typeof WordDetector>[0]> = {}) =>
  new WordDetector({
    labels: ['_silence_', 'yes', 'no'],
    threshold: 0.6,
    smoothing: 250,
    windows: 2,
    pause: 900,
    ...options,
  });
const QUIET = Float32Array.of(1, 0, 0);
const YES = Float32Array.of(0, 1, 0);
const NO = Float32Array.of(0.1, 0, 0.9);

describe('word detector', () => {
  it('averages over a time and reports a word once', () => {
    const d = detector();
    const heard = [QUIET, QUIET, YES, YES, YES, YES, QUIET].map((window, i) => d.push(i * 100, window));
    // 0: one window. 1–2: silence. 3: two of three windows say yes.
    expect(heard.map(({ word }) => word?.label)).toEqual([
      undefined,
      undefined,
      undefined,
      'yes',
      undefined,
      undefined,
      undefined,
    ]);
    expect(heard[3]!.word).toEqual({ index: 1, label: 'yes', probability: expect.closeTo(2 / 3, 5), time: 300 });
    expect([...heard[6]!.smoothed].map((p) => Math.round(p * 3))).toEqual([1, 2, 0]);
  });

  it('hears another word after the pause, and the same one once it had gone', () => {
    const d = detector();
    const sound = [...Array(15).fill(YES), ...Array(15).fill(NO), ...Array(3).fill(QUIET), ...Array(9).fill(NO)];
    const words = sound.map((window, i) => d.push(i * 100, window).word);
    expect(words.flatMap((word) => (word ? [[word.label, word.time]] : []))).toEqual([
      ['yes', 100],
      ['no', 1700],
      ['no', 3500],
    ]);
  });

  it('never reports fillers, and nothing below the threshold', () => {
    const d = detector({ threshold: 0.95 });
    for (let i = 0; i < 20; i++) expect(d.push(i * 100, i % 2 ? QUIET : NO).word).toBeUndefined();
    d.threshold = 0.3;
    expect(d.push(2000, NO).word?.label).toBe('no');
  });

  it('leaves unusable windows out', () => {
    const d = detector();
    for (let i = 0; i < 10; i++) expect(d.push(i * 100, YES, false).word).toBeUndefined();
    expect(d.push(1000, YES).word).toBeUndefined();
    expect(d.push(1100, YES).word?.label).toBe('yes');
  });

  it('keeps a mean of distributions a distribution', () => {
    const share = fc.float({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(share, fc.nat(200)), { minLength: 1, maxLength: 30 }), (windows) => {
        const d = detector();
        let time = 0;
        for (const [p, gap] of windows) {
          time += gap;
          const { smoothed, word } = d.push(time, Float32Array.of(1 - p, p, 0));
          expect(smoothed.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
          if (word) expect(word.probability).toBeGreaterThanOrEqual(0.6);
        }
      }),
      { numRuns: 50 },
    );
  });

  it.each([{ threshold: 2 }, { threshold: Number.NaN }, { windows: 0 }, { labels: [] }, { pause: -1 }])(
    'refuses %j',
    (bad) => {
      expect(() => detector(bad)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );
});

describe('speech activity', () => {
  /** Quiet, `length` loud frames, quiet. */
  function activity(before: number, length: number, after: number): SpeechActivity {
    const a = new SpeechActivity(200);
    for (let i = 0; i < before; i++) a.push(-60 + (i % 3));
    for (let i = 0; i < length; i++) a.push(-20);
    for (let i = 0; i < after; i++) a.push(-60 + (i % 3));
    return a;
  }

  it('tells a voice from the background', () => {
    expect(activity(100, 0, 0).voiced(64)).toBe(false);
    expect(activity(100, 30, 10).voiced(64)).toBe(true);
    expect(activity(100, 30, 70).voiced(64)).toBe(false);
  });

  it('knows whether the voice lies inside the window', () => {
    expect(activity(100, 30, 10).enclosed(64, 4)).toBe(true);
    expect(activity(100, 30, 2).enclosed(64, 4)).toBe(false);
    expect(activity(100, 30, 33).enclosed(64, 4)).toBe(false);
  });

  it('finds where the voice stopped', () => {
    expect(activity(100, 30, 20).lastVoiced(64)).toBe(129);
    expect(activity(100, 30, 0).lastVoiced(64)).toBe(129);
  });

  it('follows a background that grows louder', () => {
    const a = activity(100, 0, 0);
    for (let i = 0; i < 200; i++) a.push(-30);
    expect(a.background()).toBe(-30);
    expect(a.voiced(64)).toBe(false);
  });

  it('measures a full-scale sine at about −6 dB', () => {
    expect(frameLevel(Float32Array.of(Math.log(0.25), -99))).toBeCloseTo(-6.02, 1);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a memory of %s frames', (capacity) => {
    expect(() => new SpeechActivity(capacity)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

const SPEC: AudioPreprocess = { ...KEYWORD_FEATURES, window: 256, hop: 128, frames: 20, mels: 8 };
const RATE = 48000;

/** Classes by the loudness of the clip, told by a callback: the listener's own work is under test, not a network's. */
function listener(options: Partial<ListenerOptions> = {}) {
  const windows: HeardWindow[] = [];
  const words: string[] = [];
  const ends: number[] = [];
  let frames = 0;
  const l = new Listener(
    {
      spec: SPEC,
      labels: ['_silence_', 'tone'],
      // A tone leaves one band far above the mean of the clip.
      classify: async (features) => (Math.max(...features) > 1.5 ? Float32Array.of(0, 1) : Float32Array.of(1, 0)),
      threshold: 0.7,
      stride: 3,
      smoothing: 100,
      live: false,
      ...options,
    },
    {
      onFrame: () => frames++,
      onWindow: (window) => windows.push(window),
      onWord: ({ label }) => words.push(label),
      onWordEnd: (time) => ends.push(time),
    },
  );
  return { l, windows, words, ends, frames: () => frames };
}

/** Noise, and a tone of `length` seconds that ends at `end` seconds. */
function toneEnding(end: number, length: number, total: number): Float32Array {
  const random = seededRandom(5);
  return Float32Array.from({ length: total * RATE }, (_, n) => {
    const t = n / RATE;
    const on = t > end - length && t < end;
    return 1e-3 * (random() - 0.5) + (on ? 0.5 * Math.sin(2 * Math.PI * 700 * t) : 0);
  });
}

describe('listener', () => {
  it('looks at a window every few frames', async () => {
    const { l, windows, frames } = listener();
    await l.push(testSignal(RATE, RATE), RATE);
    // The resampler still owes the last millisecond and a half.
    expect(frames()).toBe(Math.floor((16000 - 40 - 256) / 128) + 1);
    expect(windows).toHaveLength(Math.floor((frames() - 20) / 3) + 1);
    windows.forEach(({ time }, i) => {
      expect(time).toBeCloseTo((1000 * ((19 + 3 * i) * 128 + 256)) / 16000, 6);
    });
  });

  it('gives the same windows for the same sound in any pieces', async () => {
    const signal = toneEnding(0.7, 0.3, 1);
    const whole = listener();
    await whole.l.push(signal, RATE);
    const pieces = listener();
    for (let at = 0; at < signal.length; at += 1111) void pieces.l.push(signal.subarray(at, at + 1111), RATE);
    await pieces.l.push(new Float32Array(0), RATE);
    const facts = ({ windows, words, ends }: ReturnType<typeof listener>) => ({
      windows: windows.map(({ time, probabilities, smoothed }) => [time, [...probabilities], [...smoothed]]),
      words,
      ends,
    });
    expect(facts(pieces)).toEqual(facts(whole));
  });

  it('reports a word, and when its sound ended', async () => {
    const { l, words, ends } = listener();
    await l.push(toneEnding(1.2, 0.08, 2), RATE);
    expect(words).toEqual(['tone']);
    expect(ends).toHaveLength(1);
    expect(Math.abs(ends[0]! - 1200)).toBeLessThan(20);
  });

  it('waits for a whole word where the network has no class for silence', async () => {
    const labels = ['one', 'tone'];
    const always = async () => Float32Array.of(0, 1);
    const noise = listener({ labels, classify: always });
    await noise.l.push(toneEnding(0, 0, 2), RATE);
    expect(noise.words).toEqual([]);
    const endless = listener({ labels, classify: always });
    await endless.l.push(toneEnding(9, 8, 2), RATE);
    expect(endless.words).toEqual([]);
    const word = listener({ labels, classify: always });
    await word.l.push(toneEnding(1.2, 0.08, 2), RATE);
    expect(word.words).toEqual(['tone']);
  });

  it('leaves windows out rather than lag behind live sound', async () => {
    let busy: () => void = () => {};
    const slow = listener({
      live: true,
      classify: () => new Promise((resolve) => (busy = () => resolve(Float32Array.of(1, 0)))),
    });
    const done = slow.l.push(testSignal(RATE, RATE), RATE);
    for (let i = 0; i < 10; i++) void slow.l.push(testSignal(RATE / 10, RATE), RATE);
    let settled = false;
    void done.then(() => (settled = true));
    while (!settled) {
      busy();
      await new Promise(setImmediate);
    }
    expect(slow.l.skipped).toBeGreaterThan(0);
    expect(slow.frames()).toBeGreaterThan(240);
  });

  it('passes on what the network throws, and a rate that is none', async () => {
    const broken = listener({ classify: () => Promise.reject(new Error('released')) });
    await expect(broken.l.push(testSignal(RATE, RATE), RATE)).rejects.toThrow('released');
    expect(() => listener().l.push(new Float32Array(1), 12.5)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
