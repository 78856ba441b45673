/** Loads jax-js, an independent implementation of reverse-mode differentiation, on its WebAssembly backend in Node 20. */
import type * as Jax from '@jax-js/jax';

export type { Jax };

/** jax-js asks a browser for its number of processors; one thread is what Node can give it. */
export async function loadJax(): Promise<typeof Jax> {
  if (!('navigator' in globalThis)) {
    Object.defineProperty(globalThis, 'navigator', {
      value: { hardwareConcurrency: 1, userAgent: 'node' },
      configurable: true,
    });
  }
  // onnxruntime-web leaves Node's kind of Worker here, which cannot start jax-js's scripts.
  Reflect.deleteProperty(globalThis, 'Worker');
  const jax = await import('@jax-js/jax');
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  return jax;
}
