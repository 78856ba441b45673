import { describe, expect, it } from 'vitest';
import { WASM_BUILDS } from '../../test/wasm-builds.js';
import { unshareMemory } from './memory-flag.js';

const bytes = WASM_BUILDS.simd;
const instantiate = (code: Uint8Array, shared: boolean) =>
  new WebAssembly.Instance(new WebAssembly.Module(code.slice()), {
    env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 8, shared }) },
  });

describe('unshareMemory', () => {
  it('makes the module accept unshared memory only', () => {
    expect(() => instantiate(bytes, true)).not.toThrow();
    expect(() => instantiate(bytes, false)).toThrow(WebAssembly.LinkError);
    const unshared = unshareMemory(bytes);
    expect(() => instantiate(unshared, false)).not.toThrow();
    expect(() => instantiate(unshared, true)).toThrow(WebAssembly.LinkError);
  });

  it('changes one byte and leaves its argument alone', () => {
    const before = bytes.slice();
    const unshared = unshareMemory(bytes);
    expect(bytes).toEqual(before);
    expect(unshared.filter((byte, index) => byte !== bytes[index])).toHaveLength(1);
  });

  it('finds the memory behind imports of other kinds', () => {
    // (import "a" "f" (func (type 0))) (import "a" "t" (table 0 funcref)) (import "a" "g" (global i32)) (import "a" "m" (memory 1 2 shared))
    const module = Uint8Array.from([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 30, 4, 1, 97, 1, 102, 0, 0, 1, 97, 1, 116, 1, 0x70, 0, 0,
      1, 97, 1, 103, 3, 0x7f, 0, 1, 97, 1, 109, 2, 3, 1, 2,
    ]);
    expect(WebAssembly.validate(module)).toBe(true);
    expect(unshareMemory(module)[module.length - 3]).toBe(1);
  });

  it('refuses a module without an imported memory', () => {
    expect(() => unshareMemory(bytes.slice(0, 8))).toThrow('imports no memory');
  });
});
