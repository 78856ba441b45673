import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { closedEntries } from '../../vite.config.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * TensorFlow.js starts its threads from the source text of a function. The function tests whether a variable exists. The variable is declared
 * around the function, so a minifier removes the test, and the function fails in a thread. Without the declaration the test stays.
 */
const tensorflowThreads: Plugin = {
  name: 'tensorflow-threads',
  transform(code, id) {
    if (!id.endsWith('/tfjs-backend-wasm-threaded-simd.js')) return undefined;
    const start = code.indexOf('  var _scriptDir');
    const end = code.indexOf('  return (', start);
    if (start < 0 || end < 0) throw new Error('TensorFlow.js is written differently now');
    return { code: code.slice(0, start) + code.slice(end), map: null };
  },
};

/** The pages that bench/suite.ts drives, bundled as users bundle them. */
export default defineConfig({
  root: here('.'),
  base: './',
  publicDir: false,
  logLevel: 'warn',
  plugins: [tensorflowThreads],
  worker: {
    format: 'es',
    plugins: () => [tensorflowThreads, closedEntries()],
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  build: {
    outDir: here('../../build/bench/site'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { checks: { pluginTimings: false }, input: [here('measure.html'), here('cold.html')] },
  },
});
