/**
 * Weighs what a page that classifies downloads: `npm run size` (`-s -- --json` for the numbers alone).
 * Exits 1 over budget.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Bytes, gzip -9: JavaScript and Wasm together. */
const BUDGET = 64 * 1024;

const root = fileURLToPath(new URL('..', import.meta.url));
const result = await build({
  root,
  configFile: false,
  publicDir: false,
  logLevel: 'error',
  worker: { format: 'es' },
  build: { write: false, target: 'es2022', rollupOptions: { input: `${root}scripts/size-entry.ts` } },
});
if (Array.isArray(result) || !('output' in result)) throw new Error('vite gave an unexpected kind of result');

const files = result.output.map((file) => {
  const bytes = Buffer.from(file.type === 'chunk' ? file.code : file.source);
  return { name: file.fileName, bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
});
const runtime = files.reduce((sum, file) => sum + file.gzip, 0);
// The Wasm travels inside the JavaScript (base64); its own weight is that of the larger of the two builds.
const wasm = Math.max(
  ...['simd', 'relaxed'].map((name) => gzipSync(readFileSync(`${root}build/lutra-${name}.wasm`), { level: 9 }).length),
);

if (process.argv.includes('--json')) {
  console.log(
    JSON.stringify({
      runtime_gzip_bytes: runtime,
      wasm_gzip_bytes: wasm,
      js_gzip_bytes: runtime - wasm,
      budget: BUDGET,
    }),
  );
} else {
  for (const file of files)
    console.log(`${String(file.gzip).padStart(8)} gzip ${String(file.bytes).padStart(8)} raw  ${file.name}`);
  console.log(`${String(runtime).padStart(8)} gzip in all, budget ${BUDGET}; one Wasm build alone is ${wasm} gzip`);
}
if (runtime > BUDGET) process.exitCode = 1;
