import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import plainUrl from '../../node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '../../node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '../../node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import type { Adapter } from '../measure/types.js';
import { compileNetwork } from './tfjs-network.js';

/** TensorFlow.js on its Wasm backend (XNNPACK): the network built from its operators, in its own NHWC layout. */
export const adapter: Adapter = {
  async open(model, { threads }) {
    setThreadsCount(threads);
    const absolute = (url: string) => new URL(url, import.meta.url).href;
    setWasmPaths({
      'tfjs-backend-wasm.wasm': absolute(plainUrl),
      'tfjs-backend-wasm-simd.wasm': absolute(simdUrl),
      'tfjs-backend-wasm-threaded-simd.wasm': absolute(threadedUrl),
    });
    // Without multiplexed threads the backend falls back to its single-threaded build by itself.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1 && crossOriginIsolated);
    await tf.setBackend('wasm');
    await tf.ready();
    const bytes = typeof model === 'string' ? new Uint8Array(await (await fetch(model)).arrayBuffer()) : model;
    const network = compileNetwork(bytes);
    return {
      threads: tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT') ? threads : 1,
      build: tf.env().getBool('WASM_HAS_SIMD_SUPPORT') ? 'simd' : 'plain',
      run: async (feeds) => network(feeds),
    };
  },
};
