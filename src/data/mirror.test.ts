import { describe, expect, it } from 'vitest';
import { tensorValue } from '../graph/tensor.js';
import { mirrorImages } from './mirror.js';

describe('mirrorImages', () => {
  it('reverses the columns of every plane', () => {
    const input = tensorValue('float32', [1, 2, 2, 3], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    expect([...(mirrorImages(input, 'nchw').data as Float32Array)]).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]);
  });

  it('keeps the channels of a pixel together', () => {
    const input = tensorValue('float32', [2, 1, 2, 3], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    expect([...(mirrorImages(input, 'nhwc').data as Float32Array)]).toEqual([4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
  });

  it('gives the images back when done twice', () => {
    const data = Float32Array.from({ length: 2 * 3 * 5 * 7 }, (_, i) => i % 11);
    const input = tensorValue('float32', [2, 3, 5, 7], data);
    expect(mirrorImages(mirrorImages(input, 'nchw'), 'nchw').data).toEqual(data);
    expect(input.data).toBe(data);
  });
});
