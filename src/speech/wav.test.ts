import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMuLaw } from './mulaw.js';
import { decodeWav, encodeWav } from './wav.js';

/** Made once with Python: the codes by audioop.ulaw2lin, integer files by the wave module, float files by scipy.io.wavfile. */
interface References {
  readonly muLaw: readonly number[];
  readonly wav: readonly { name: string; base64: string; values: readonly number[]; sampleRate: number }[];
}
const references: References = JSON.parse(readFileSync('test/speech-reference.json', 'utf8'));
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const INVALID = expect.objectContaining({ code: 'INVALID_DATA' });

describe('µ-law', () => {
  it('decodes all 256 codes as the standard says', () => {
    const decoded = decodeMuLaw(Uint8Array.from({ length: 256 }, (_, i) => i));
    expect([...decoded].map((x) => x * 32768)).toEqual(references.muLaw);
  });
});

describe('WAV', () => {
  it.each(references.wav)('$name', ({ base64, values, sampleRate }) => {
    const recording = decodeWav(fromBase64(base64), 'x.wav');
    expect(recording.sampleRate).toBe(sampleRate);
    expect(recording.samples).toHaveLength(values.length);
    values.forEach((value, i) => {
      expect(recording.samples[i]).toBeCloseTo(value, 6);
    });
  });

  it('of an extensible format, with foreign chunks and an unknown length of the samples', () => {
    const plain = encodeWav({ samples: Float32Array.of(0.5, -0.5), sampleRate: 8000 });
    const bytes = new Uint8Array(12 + 8 + 40 + 8 + 3 + 1 + 8 + 4);
    bytes.set(plain.subarray(0, 16));
    const view = new DataView(bytes.buffer);
    view.setUint32(16, 40, true);
    bytes.set(plain.subarray(20, 36), 20);
    view.setUint16(20, 0xfffe, true);
    view.setUint16(20 + 24, 1, true);
    bytes.set(Buffer.from('note'), 60);
    view.setUint32(64, 3, true);
    bytes.set(Buffer.from('data'), 72);
    view.setUint32(76, 0xffffffff, true);
    bytes.set(plain.subarray(44), 80);
    expect([...decodeWav(bytes, 'x.wav').samples]).toEqual([0.5, -0.5]);
  });

  it('of µ-law', () => {
    const bytes = encodeWav({ samples: Float32Array.of(0), sampleRate: 8000 });
    const view = new DataView(bytes.buffer);
    view.setUint16(20, 7, true);
    view.setUint16(34, 8, true);
    bytes.set([0x00, 0xff], 44);
    expect([...decodeWav(bytes, 'x.wav').samples]).toEqual([...decodeMuLaw(Uint8Array.of(0x00, 0xff))]);
  });

  it('comes back from writing, rounded to 16 bits and clipped', () => {
    const sample = fc.float({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 50 }), (values) => {
        const { samples, sampleRate } = decodeWav(
          encodeWav({ samples: Float32Array.from(values), sampleRate: 44100 }),
          'x',
        );
        expect(sampleRate).toBe(44100);
        values.forEach((value, i) => {
          const clipped = Math.max(-1, Math.min(32767 / 32768, value));
          expect(Math.abs(samples[i]! - clipped)).toBeLessThanOrEqual(0.5 / 32768 + 1e-9);
        });
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['text', new TextEncoder().encode('<!doctype html><title>404</title>')],
    ['a header only', encodeWav({ samples: new Float32Array(0), sampleRate: 8000 })],
  ])('of %s is refused', (_what, bytes) => {
    expect(() => decodeWav(bytes, 'x.wav')).toThrow(INVALID);
  });

  it('that is cut off anywhere is refused', () => {
    const bytes = encodeWav({ samples: Float32Array.of(0.1, 0.2, 0.3), sampleRate: 8000 });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeWav(bytes.subarray(0, length), 'x.wav')).toThrow(INVALID);
    }
  });

  it('of any damaged header is read or refused, never a crash', () => {
    const good = fromBase64(references.wav[1]!.base64);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length - 1), fc.nat(255), (i, a, j, b) => {
        const bytes = good.slice();
        bytes[i] = a;
        bytes[j] = b;
        try {
          expect(decodeWav(bytes, 'x.wav').samples.every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toEqual(INVALID);
        }
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
  ])('with a sample that is %s is refused', (_what, value) => {
    const bytes = fromBase64(references.wav[4]!.base64);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true);
    expect(() => decodeWav(bytes, 'x.wav')).toThrow(INVALID);
  });
});
