import { mkdtempSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles a worker script, since Node 20 cannot start a thread from TypeScript. Returns its address. */
export async function buildWorker(entry = 'src/session/worker-complete.ts'): Promise<URL> {
  // Inside node_modules, so that the script finds its dependencies.
  const outDir = mkdtempSync(`${root}node_modules/.lutra-worker-`);
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    build: {
      ssr: true,
      outDir,
      minify: false,
      rollupOptions: { input: `${root}${entry}`, output: { entryFileNames: 'worker.mjs' } },
    },
  });
  return pathToFileURL(`${outDir}/worker.mjs`);
}
