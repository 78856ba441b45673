import { LutraError } from '../errors.js';
import { MAX_THREADS } from './control.js';
import type { WasmVariant } from './types.js';

/** (module (func (result i32) (i32x4.extract_lane 0 (i8x16.popcnt (i8x16.splat (i32.const 0)))))) */
const SIMD_PROBE = 'AGFzbQEAAAABBQFgAAF/AwIBAAoNAQsAQQD9D/1i/RsACw==';
/**
 * (module (func (export "f") (result i32)
 *   (i32x4.extract_lane 0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
 *     (i8x16.relaxed_swizzle (i8x16.splat (i32.const 2)) (v128.const i32x4 0 0 0 0))
 *     (i8x16.splat (i32.const 3))
 *     (i32x4.splat (i32.const 100))))))
 */
const RELAXED_PROBE =
  'AGFzbQEAAAABBQFgAAF/AwIBAAcFAQFmAAAKLAEqAEEC/Q/9DAAAAAAAAAAAAAAAAAAAAAD9gAJBA/0PQeQA/RH9kwL9GwAL';
/** 100 + 4 · 2 · 3 */
const RELAXED_RESULT = 124;

/** Bytes of base64 text. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function hasSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(decodeBase64(SIMD_PROBE));
}

/**
 * True when relaxed SIMD is there *and right*: V8 before 11.4 (Node 20 with a flag) accepts the instructions, but its baseline
 * compiler adds the dot product to itself instead of to the accumulator. So the probe computes.
 */
export function hasRelaxedSimd(): boolean {
  const bytes = decodeBase64(RELAXED_PROBE);
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return (exports.f as () => number)() === RELAXED_RESULT;
}

/**
 * The Wasm build to run.
 *
 * @throws LutraError `PLATFORM` when SIMD is missing, or relaxed SIMD where it is asked for by name.
 */
export function chooseVariant(wanted: WasmVariant): Exclude<WasmVariant, 'auto'> {
  if (!hasSimd()) {
    throw new LutraError('PLATFORM', 'WebAssembly SIMD is missing here', {
      hint: 'It is in Chrome 91, Firefox 89, Safari 16.4, Node 16.4 and later',
    });
  }
  if (wanted === 'simd') return 'simd';
  if (hasRelaxedSimd()) return 'relaxed';
  if (wanted === 'relaxed') {
    throw new LutraError('PLATFORM', 'relaxed WebAssembly SIMD is missing or wrong here', {
      hint: 'Leave the option "wasm" at "auto"',
    });
  }
  return 'simd';
}

/** Whether Wasm memory can be shared with workers. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer !== 'function' || typeof Atomics !== 'object') return false;
  return (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
}

/** Whether this thread may wait for others: a page's main thread may not. */
export function canWait(): boolean {
  return !('document' in globalThis);
}

/** Processors that can run threads. */
function processorCount(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os');
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** `auto` uses no more threads than this: small networks gain nothing from more. */
const MAX_AUTO_THREADS = 4;

/**
 * The number of threads that an option asks for.
 *
 * @throws LutraError `INVALID_ARGUMENT`
 */
export function threadCount(wanted: number | 'auto'): number {
  if (wanted === 'auto') return Math.min(MAX_AUTO_THREADS, processorCount());
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= MAX_THREADS) return wanted;
  throw new LutraError('INVALID_ARGUMENT', 'option "threads" is wrong', {
    expected: `1 to ${MAX_THREADS}, or "auto"`,
    actual: String(wanted),
  });
}
