import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImagePreprocess } from '../graph/metadata.js';
import type { PixelImage } from './dataset.js';
import { convertChannels, cropToAspect, makeImage, resize } from './image.js';
import { parsePreprocess, preprocess } from './preprocess.js';

/** Fixed pattern that the expected values below were computed from with Pillow 9.4. */
function pattern(width: number, height: number, channels: 1 | 3): PixelImage {
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 7 + i * 37 + 11) % 251);
  return makeImage(width, height, channels, pixels);
}

const SPEC: ImagePreprocess = {
  kind: 'image',
  width: 4,
  height: 3,
  channels: 3,
  scale: 1 / 255,
  mean: [0.1, 0.2, 0.3],
  std: [0.5, 0.25, 2],
  resize: 'bilinear',
  layout: 'nchw',
};

describe('resize', () => {
  // biome-ignore format: one line per image
  it.each([
    [7, 5, 3, 3, 4, [132,61,103,169,99,73,147,167,134,106,130,128,89,75,112,71,141,188,80,122,76,109,76,111,114,151,133,121,120,110,152,114,138,143,130,77]],
    [4, 3, 1, 9, 7, [11,18,38,58,84,110,141,173,185,12,21,44,68,97,127,147,167,174,16,29,63,97,137,177,167,150,143,20,37,81,126,177,228,186,132,111,12,33,88,138,152,165,128,84,68,5,29,95,149,126,103,70,37,24,2,28,97,153,118,82,51,21,10]],
    [11, 23, 1, 4, 4, [104,124,115,121,107,113,107,122,132,118,124,109,132,126,134,113]],
  ] as const)('gives the bytes of Pillow for %i×%i×%i → %i×%i', (w, h, channels, width, height, expected) => {
    expect([...resize(pattern(w, h, channels), width, height, 'bilinear').pixels]).toEqual(expected);
  });

  it('keeps an image of one colour, and the size it was asked for', () => {
    const side = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (w, h, width, height, value) => {
        const flat = makeImage(w, h, 1, new Uint8Array(w * h).fill(value));
        const result = resize(flat, width, height, 'bilinear');
        expect(result.pixels).toEqual(new Uint8Array(width * height).fill(value));
      }),
      { numRuns: 50 },
    );
  });

  it('takes the pixel under each centre with nearest', () => {
    const image = pattern(5, 3, 3);
    const { pixels } = resize(image, 8, 2, 'nearest');
    for (let y = 0; y < 2; y++) {
      for (let x = 0; x < 8; x++) {
        const from = (Math.floor((y + 0.5) * 1.5) * 5 + Math.floor((x + 0.5) * 0.625)) * 3;
        expect([...pixels.slice((y * 8 + x) * 3, (y * 8 + x) * 3 + 3)]).toEqual([
          ...image.pixels.slice(from, from + 3),
        ]);
      }
    }
  });
});

describe('images', () => {
  it('crops the largest centred part of an aspect ratio', () => {
    const { width, height, pixels } = cropToAspect(pattern(6, 3, 1), 2, 2);
    const all = pattern(6, 3, 1).pixels;
    expect([width, height]).toEqual([3, 3]);
    expect([...pixels]).toEqual([1, 2, 3, 7, 8, 9, 13, 14, 15].map((i) => all[i]));
  });

  it('turns colour into luma and grey into equal channels', () => {
    const red = makeImage(1, 1, 3, Uint8Array.of(255, 0, 0));
    expect([...convertChannels(red, 1).pixels]).toEqual([76]);
    expect([...convertChannels(makeImage(2, 1, 1, Uint8Array.of(7, 9)), 3).pixels]).toEqual([7, 7, 7, 9, 9, 9]);
  });

  it('refuses a buffer of the wrong size', () => {
    expect(() => makeImage(2, 2, 3, new Uint8Array(11))).toThrow(/2×2×3 = 12 bytes/);
  });
});

describe('preprocess', () => {
  it.each(['nchw', 'nhwc'] as const)('computes (byte · scale − mean) / std in %s', (layout) => {
    const images = [pattern(4, 3, 3), makeImage(4, 3, 3, new Uint8Array(36).fill(200))];
    const { dims, data } = preprocess(images, { ...SPEC, layout });
    expect(dims).toEqual(layout === 'nchw' ? [2, 3, 3, 4] : [2, 3, 4, 3]);
    for (let n = 0; n < 2; n++) {
      for (let i = 0; i < 12; i++) {
        for (let c = 0; c < 3; c++) {
          const value = (images[n]!.pixels[i * 3 + c]! * SPEC.scale - SPEC.mean[c]!) / SPEC.std[c]!;
          expect(data[n * 36 + (layout === 'nchw' ? c * 12 + i : i * 3 + c)]).toBe(Math.fround(value));
        }
      }
    }
  });

  it('fits images of other sizes and channels', () => {
    const spec: ImagePreprocess = { ...SPEC, width: 2, height: 2, channels: 1, scale: 1, mean: [0], std: [1] };
    const colour = makeImage(8, 4, 3, new Uint8Array(96).fill(90));
    expect([...(preprocess([colour], spec).data as Float32Array)]).toEqual([90, 90, 90, 90]);
  });
});

describe('parsePreprocess', () => {
  it('reads what was stored', () => {
    expect(parsePreprocess(JSON.stringify(SPEC))).toEqual(SPEC);
  });

  it.each([
    ['not JSON', '{', 'not JSON'],
    ['null', 'null', 'kind'],
    ['another kind', '{"kind":"audio"}', 'kind'],
    ['no width', JSON.stringify({ ...SPEC, width: undefined }), 'width'],
    ['a huge height', JSON.stringify({ ...SPEC, height: 1e9 }), 'height'],
    ['4 channels', JSON.stringify({ ...SPEC, channels: 4 }), 'channels'],
    ['a mean too few', JSON.stringify({ ...SPEC, mean: [0, 0] }), 'mean'],
    ['a zero std', JSON.stringify({ ...SPEC, std: [1, 0, 1] }), 'std'],
    ['a negative scale', JSON.stringify({ ...SPEC, scale: -1 }), 'scale'],
    ['another layout', JSON.stringify({ ...SPEC, layout: 'chw' }), 'layout'],
  ])('refuses %s', (_, json, field) => {
    expect(() => parsePreprocess(json)).toThrowError(
      expect.objectContaining({ code: 'INVALID_MODEL', message: expect.stringContaining(field) }),
    );
  });
});
