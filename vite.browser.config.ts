import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

/**
 * Bundles the library for pages without a bundler: `<script type="module" src="…/lutra/dist/browser/define.js">`. Files keep their
 * names, so that a page may cache, preload or move them; the scripts find each other wherever the folder lies.
 */
export default defineConfig({
  root,
  base: './',
  publicDir: false,
  worker: {
    format: 'es',
    rolldownOptions: { output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' } },
  },
  build: {
    outDir: `${root}dist/browser`,
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    // A data: URL would need a weaker Content Security Policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: {
        lutra: `${root}src/index.ts`,
        element: `${root}src/element/index.ts`,
        define: `${root}src/element/define.ts`,
      },
      checks: { pluginTimings: false },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js', chunkFileNames: '[name].js', assetFileNames: '[name][extname]' },
    },
  },
});
