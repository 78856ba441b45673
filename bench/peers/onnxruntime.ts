import type * as Ort from 'onnxruntime-web/wasm';
import glueUrl from '../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.mjs?url';
import wasmUrl from '../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm?url';
import type { Adapter, Tensors } from '../measure/types.js';

const absolute = (url: string): string => new URL(url, import.meta.url).href;

/** onnxruntime-web on its Wasm backend, with every graph optimization. Its own files stay as published. */
export const adapter: Adapter = {
  async open(model, { threads }) {
    const { env, InferenceSession, Tensor } = await import('onnxruntime-web/wasm');
    env.wasm.numThreads = threads;
    env.wasm.wasmPaths = { mjs: absolute(glueUrl), wasm: absolute(wasmUrl) };
    env.logLevel = 'error';
    const options: Ort.InferenceSession.SessionOptions = {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
    };
    const session =
      typeof model === 'string'
        ? await InferenceSession.create(model, options)
        : await InferenceSession.create(model, options);
    let converted: { readonly from: Tensors; readonly feeds: Record<string, Ort.Tensor> } | undefined;
    return {
      threads: env.wasm.numThreads,
      build: 'simd',
      async run(from) {
        // Made once: creating tensors is not what is measured.
        if (converted?.from !== from) {
          const entries = Object.entries(from).map(([name, { type, data, dims }]) => [
            name,
            new Tensor(type as 'float32', data as Float32Array, dims),
          ]);
          converted = { from, feeds: Object.fromEntries(entries) };
        }
        return (await session.run(converted.feeds)) as unknown as Tensors;
      },
    };
  },
};
