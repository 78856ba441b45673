import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testSignal } from '../../test/speech-signal.js';
import type { AudioPreprocess } from '../graph/metadata.js';
import { fitClip } from './clip.js';
import { FeatureStream } from './feature-stream.js';
import { ClipFeatures, speechInput } from './features.js';
import { hertzToMel, melFilterbank } from './filterbank.js';
import { checkAudioPreprocess, clipSamples, KEYWORD_FEATURES, readAudioPreprocess } from './spec.js';

/**
 * Made once with numpy in double precision: the discrete Fourier transform as a matrix of exp(−2πi·k·n/N), triangles by
 * linear interpolation between their corners (numpy.interp), then ln, clamp, mean and std as the spec says.
 */
interface FeatureReference {
  readonly spec: AudioPreprocess;
  /** Every `step`-th value of [mels, frames]. */
  readonly step: number;
  readonly values: readonly number[];
  readonly minimum: number;
}
const references: readonly FeatureReference[] = JSON.parse(readFileSync('test/speech-reference.json', 'utf8')).features;

const SMALL: AudioPreprocess = { ...KEYWORD_FEATURES, window: 64, hop: 24, frames: 5, mels: 4, minFrequency: 200 };

describe('log-mel features', () => {
  it.each(references)(
    'equal the definition computed elsewhere ($spec.mels mels)',
    ({ spec, step, values, minimum }) => {
      const features = new ClipFeatures(spec);
      const out = new Float32Array(features.size);
      features.write(testSignal(features.samples, spec.sampleRate), out, 0);
      const picked = [...out].filter((_, i) => i % step === 0);
      expect(picked).toHaveLength(values.length);
      picked.forEach((value, i) => {
        expect(value).toBeCloseTo(values[i]!, 4);
      });
      expect(Math.min(...out)).toBeCloseTo(minimum, 4);
    },
  );

  it('do not depend on the loudness where the clip mean is taken off and nothing is near the offset', () => {
    const spec = { ...KEYWORD_FEATURES, offset: 1e-20 };
    const loud = testSignal(clipSamples(spec), spec.sampleRate);
    const [a, b] = [loud, loud.map((x) => x / 64)].map((signal) => speechInput([signal], spec).data as Float32Array);
    a!.forEach((value, i) => {
      expect(b![i]).toBeCloseTo(value, 4);
    });
  });

  it('of digital silence are finite', () => {
    const { data, dims } = speechInput([new Float32Array(0), new Float32Array(99999)], KEYWORD_FEATURES);
    expect(dims).toEqual([2, 1, 40, 64]);
    expect((data as Float32Array).every((value) => value === 0)).toBe(true);
  });

  it('of a clip of the wrong length are refused', () => {
    const features = new ClipFeatures(SMALL);
    expect(() => features.write(new Float32Array(7), new Float32Array(features.size), 0)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('put a tone into the band around its frequency', () => {
    const spec: AudioPreprocess = { ...KEYWORD_FEATURES, dynamicRange: null, mean: 0, std: 1 };
    const tone = Float32Array.from({ length: clipSamples(spec) }, (_, n) => Math.sin((2 * Math.PI * 1000 * n) / 16000));
    const data = speechInput([tone], spec).data as Float32Array;
    const column = Array.from({ length: spec.mels }, (_, mel) => data[mel * spec.frames + 30]!);
    const spacing = (hertzToMel(7600) - hertzToMel(60)) / 41;
    expect(column.indexOf(Math.max(...column))).toBe(Math.round((hertzToMel(1000) - hertzToMel(60)) / spacing) - 1);
    // A full-scale sine in the middle of a bin has power 1/4; Hann spreads half as much amplitude into each neighbor.
    expect(Math.exp(Math.max(...column))).toBeGreaterThan(0.2);
    expect(Math.exp(Math.max(...column))).toBeLessThan(0.375);
  });
});

describe('streamed features', () => {
  it('are those of the clip at every frame, however the sound is cut', () => {
    const chunks = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 3, maxLength: 20 });
    const hop = fc.integer({ min: 1, max: 64 });
    fc.assert(
      fc.property(chunks, hop, (lengths, hop) => {
        const spec = { ...SMALL, hop };
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const signal = testSignal(total, spec.sampleRate);
        const stream = new FeatureStream(spec);
        const clip = new ClipFeatures(spec);
        const [streamed, whole] = [new Float32Array(clip.size), new Float32Array(clip.size)];
        let at = 0;
        for (const length of lengths) {
          stream.push(signal.subarray(at, at + length), (_row, index) => {
            if (!stream.ready) return;
            const start = (index - spec.frames + 1) * spec.hop;
            stream.write(streamed, 0);
            clip.write(signal.subarray(start, start + clip.samples), whole, 0);
            expect(Buffer.from(streamed.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
          });
          at += length;
        }
        expect(stream.count).toBe(total < spec.window ? 0 : Math.floor((total - spec.window) / hop) + 1);
      }),
      { numRuns: 40 },
    );
  });
});

describe('fitting a clip', () => {
  it('centres a short recording in silence and fades its ends', () => {
    const clip = fitClip(new Float32Array(100).fill(1), 200, 4000);
    expect([...clip.subarray(0, 50)]).toEqual(new Array(50).fill(0));
    expect([...clip.subarray(150)]).toEqual(new Array(50).fill(0));
    expect(clip[50]).toBeCloseTo(0.5 / 20, 6);
    expect(clip[149]).toBeCloseTo(0.5 / 20, 6);
    expect([...clip.subarray(70, 130)]).toEqual(new Array(60).fill(1));
  });

  it('takes the loudest stretch of a long one', () => {
    const signal = new Float32Array(1000).fill(0.01);
    signal.fill(0.5, 700, 800);
    expect(fitClip(signal, 100, 16000)).toEqual(signal.subarray(700, 800));
  });

  it('gives the length asked for and leaves the recording alone', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.integer({ min: 1, max: 200 }), (samples, length) => {
        const signal = testSignal(samples, 16000);
        const before = signal.slice();
        expect(fitClip(signal, length, 16000)).toHaveLength(length);
        expect(signal).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });
});

describe('mel filterbank', () => {
  it('covers every frequency between the outer peaks with weights that add up to 1', () => {
    const bank = melFilterbank({ sampleRate: 16000, mels: 40, minFrequency: 60, maxFrequency: 7600 }, 512);
    const sums = new Float64Array(257);
    for (const { start, weights } of bank) {
      weights.forEach((weight, i) => {
        sums[start + i]! += weight;
      });
    }
    for (let bin = 5; bin < 225; bin++) expect(sums[bin]).toBeCloseTo(1, 10);
  });

  it('refuses bands without a frequency', () => {
    expect(() => melFilterbank({ sampleRate: 16000, mels: 60, minFrequency: 0, maxFrequency: 8000 }, 64)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('the stored front-end', () => {
  it.each([
    KEYWORD_FEATURES,
    { ...KEYWORD_FEATURES, sampleRate: 8000, maxFrequency: 4000, mean: -7, dynamicRange: null },
  ])('$sampleRate Hz survives JSON, without foreign fields', (spec) => {
    expect(checkAudioPreprocess({ ...JSON.parse(JSON.stringify(spec)), colour: 'green' })).toEqual(spec);
    expect(() => new ClipFeatures(spec)).not.toThrow();
  });

  it.each([
    ['kind', 'image'],
    ['sampleRate', 16000.5],
    ['window', 0],
    ['window', 1e9],
    ['hop', 513],
    ['frames', '64'],
    ['mels', 0],
    ['minFrequency', -1],
    ['maxFrequency', 8001],
    ['maxFrequency', 60],
    ['offset', 0],
    ['dynamicRange', undefined],
    ['mean', 'all'],
    ['std', 0],
  ])('is refused when %s is %s', (field, value) => {
    expect(() => checkAudioPreprocess({ ...KEYWORD_FEATURES, [field]: value })).toThrow(
      expect.objectContaining({ code: 'INVALID_MODEL', message: expect.stringContaining(field) }),
    );
  });

  it('is read from the metadata of a network', () => {
    const stored = { 'lutra.preprocess': JSON.stringify(KEYWORD_FEATURES) };
    expect(readAudioPreprocess(stored)).toEqual(KEYWORD_FEATURES);
    expect(() => readAudioPreprocess({})).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
    for (const broken of ['{', 'null', '{"kind":"image"}']) {
      expect(() => readAudioPreprocess({ 'lutra.preprocess': broken })).toThrow(
        expect.objectContaining({ code: 'INVALID_MODEL' }),
      );
    }
  });

  it('is refused when it is no object', () => {
    for (const value of [null, 3, 'audio', []]) {
      expect(() => checkAudioPreprocess(value)).toThrow(expect.objectContaining({ code: 'INVALID_MODEL' }));
    }
  });
});
