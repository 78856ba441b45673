import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Lets the examples import `lutra` as an installed package would be, and finds the shipped models under `/models/`. */
export default defineConfig({
  root: from('.'),
  appType: 'mpa',
  publicDir: from('../public'),
  resolve: {
    alias: [
      { find: /^lutra\/element\/define$/, replacement: from('../src/element/define.ts') },
      { find: /^lutra$/, replacement: from('../src/index.ts') },
    ],
  },
  server: { fs: { allow: [from('..')] } },
});
