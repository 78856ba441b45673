import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseVariant, hasRelaxedSimd, hasSimd } from './features.js';

afterEach(() => vi.restoreAllMocks());

describe('features', () => {
  it('finds SIMD here', () => {
    expect(hasSimd()).toBe(true);
    expect(['simd', 'relaxed']).toContain(chooseVariant('auto'));
    expect(chooseVariant('simd')).toBe('simd');
  });

  it('says so where SIMD is missing', () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    expect(hasRelaxedSimd()).toBe(false);
    expect(() => chooseVariant('auto')).toThrow(/SIMD is missing/);
  });

  it('does not trust relaxed SIMD that computes wrongly', () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValue(true);
    vi.spyOn(WebAssembly, 'Module').mockImplementation(function module() {
      return {} as WebAssembly.Module;
    });
    const answer = (value: number): void => {
      vi.spyOn(WebAssembly, 'Instance').mockImplementation(function instance() {
        return { exports: { f: () => value } } as unknown as WebAssembly.Instance;
      });
    };
    answer(124);
    expect(chooseVariant('auto')).toBe('relaxed');
    answer(48);
    expect(chooseVariant('auto')).toBe('simd');
    expect(() => chooseVariant('relaxed')).toThrow(/missing or wrong/);
  });
});
