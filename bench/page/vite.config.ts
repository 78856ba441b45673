import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { closedEntries } from '../../vite.config.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * TensorFlow.js starts its threads from the source text of a function. A minifier sees that the function asks for the type of a variable
 * which is declared around it and always is, and drops the question; alone in a thread the function then fails. Without the declaration the
 * question stays.
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

/** The pages that bench/suite.ts drives, bundled as a user would bundle them. */
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
