import { describe, expect, it } from 'vitest';
import { Tensor } from './tensor.js';

describe('Tensor', () => {
  it('keeps typed data and converts plain values', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const tensor = new Tensor('float32', data, [2, 2]);
    expect(tensor.data).toBe(data);
    expect(tensor.size).toBe(4);
    expect(tensor.reshape([4]).dims).toEqual([4]);
    expect(new Tensor('int64', [1, 2n]).data).toEqual(BigInt64Array.of(1n, 2n));
    expect(new Tensor('bool', [true, false]).data).toEqual(Uint8Array.of(1, 0));
    expect(new Tensor('string', ['a']).dims).toEqual([1]);
    expect(new Tensor('float32', [5], []).size).toBe(1);
  });

  it('refuses data of another class, length or range', () => {
    expect(() => new Tensor('float32', Float32Array.of(1, 2), [3])).toThrow(/3 elements for \[3\], got 2/);
    expect(() => new Tensor('float32', new Float64Array(1) as unknown as Float32Array)).toThrow(/Float32Array/);
    expect(() => new Tensor('float32', new Float32Array(1), [-1, -1])).toThrow(/do not fit/);
    expect(() => new Tensor('int64', [1.5])).toThrow(/not int64/);
    expect(() => new Tensor('float99' as 'float32', new Float32Array(1))).toThrow(/ONNX element type/);
  });
});
