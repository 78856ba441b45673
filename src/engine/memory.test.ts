import { describe, expect, it } from 'vitest';
import { createMemory } from './memory.js';

describe('createMemory', () => {
  it.each([true, false])('reserves what is asked for, whole pages, and cannot grow (shared: %s)', (shared) => {
    const memory = createMemory(65_537, shared);
    expect(memory.buffer.byteLength).toBe(2 * 65_536);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it('says how much could not be had', () => {
    // More than 65,536 pages is more than 32-bit Wasm can address.
    expect(() => createMemory(2 ** 33, false)).toThrow(
      expect.objectContaining({
        name: 'LutraError',
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/^8589934592 bytes/),
      }),
    );
  });
});
