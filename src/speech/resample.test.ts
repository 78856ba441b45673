import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testSignal } from '../../test/speech-signal.js';
import { Resampler, resample } from './resample.js';

/**
 * Made once with numpy in double precision: y[k] = Σ x[m] h(k·from/to − m) / Σ h with h(d) = sinc(c·d) ·
 * I0(7.857·√(1 − (d·c/24)²)), c = 0.92 · min(1, to/from), evaluated anew for every output (I0 of scipy.special).
 */
interface ResampleReference {
  readonly from: number;
  readonly to: number;
  readonly samples: number;
  readonly length: number;
  /** Every `step`-th output. */
  readonly step: number;
  readonly values: readonly number[];
}
const references: readonly ResampleReference[] = JSON.parse(
  readFileSync('test/speech-reference.json', 'utf8'),
).resample;

const tone = (hertz: number, rate: number, length: number) =>
  Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * hertz * n) / rate));
const peak = (samples: Float32Array) => samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
/** Without the edges, where the signal is cut off. */
const inner = (samples: Float32Array) => samples.subarray(200, samples.length - 200);

describe('resampling', () => {
  it.each(references)('$from → $to Hz equals the definition computed elsewhere', (reference) => {
    const { from, to, samples, length, step, values } = reference;
    const out = resample(testSignal(samples, from), from, to);
    expect(out).toHaveLength(length);
    values.forEach((value, i) => {
      expect(out[i * step]).toBeCloseTo(value, 5);
    });
  });

  it.each([
    [48000, 16000],
    [44100, 16000],
    [96000, 16000],
    [16000, 44100],
    [22255, 16000],
    [8000, 16000],
  ])('%i → %i Hz keeps a tone within 80 dB', (from, to) => {
    const out = inner(resample(tone(997, from, from / 4), from, to));
    const expected = inner(tone(997, to, Math.ceil(to / 4)));
    expect(peak(out.map((x, i) => x - expected[i]!))).toBeLessThan(1e-4);
  });

  it.each([8600, 10000, 15000, 21000])('a tone of %i Hz, which 16 kHz cannot hold, disappears', (hertz) => {
    expect(peak(inner(resample(tone(hertz, 48000, 12000), 48000, 16000)))).toBeLessThan(2e-4);
  });

  it('leaves sound of the right rate as it is, in a copy', () => {
    const signal = testSignal(50, 16000);
    const out = resample(signal, 16000, 16000);
    expect(out).toEqual(signal);
    expect(out.buffer).not.toBe(signal.buffer);
  });

  it('gives the same samples in pieces as at once', () => {
    const rate = fc.constantFrom(8000, 11025, 16000, 22255, 44100, 48000, 192000);
    const chunks = fc.array(fc.nat(700), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(rate, rate, chunks, (from, to, lengths) => {
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const signal = testSignal(total, from);
        const resampler = new Resampler(from, to);
        const pieces: number[] = [];
        let at = 0;
        for (const length of lengths) {
          pieces.push(...resampler.push(signal.subarray(at, at + length)));
          at += length;
        }
        pieces.push(...resampler.flush());
        expect(Float32Array.from(pieces)).toEqual(resample(signal, from, to));
        expect(pieces).toHaveLength(Math.ceil((total * to) / from));
      }),
      { numRuns: 20 },
    );
  });

  it.each([0, 999, 44100.5, Number.NaN, 1e9])('refuses the rate %s', (rate) => {
    expect(() => new Resampler(rate, 16000)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
