/**
 * Weighs what a page that classifies downloads: `npm run size` (`-s -- --json` for the numbers alone).
 * Builds such a page as a user of the library would, with Vite's defaults, and counts its scripts, the worker that it starts first
 * and one Wasm build, the larger one. Exits 1 over budget.
 */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Plugin, type Rollup } from 'vite';

/** Bytes, gzip -9: JavaScript and Wasm together. */
const BUDGET = 64 * 1024;

const root = fileURLToPath(new URL('..', import.meta.url));
/** Modules that such a page never loads: for `worker: false`, and for `integrity` and `cache`. */
const UNUSED = ['local', 'load-checked'].map((name) => `${root}src/session/${name}.ts`);
const WASM_BUILDS = ['simd', 'relaxed'].map((name) => `${root}src/kernels/gen/${name}.ts`);
const WORKER = `${root}src/session/worker.ts`;

const workers: Rollup.OutputChunk[] = [];
const collectWorkers: Plugin = {
  name: 'collect-workers',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) if (file.type === 'chunk') workers.push(file);
  },
};
const result = await build({
  root,
  configFile: false,
  publicDir: false,
  logLevel: 'error',
  worker: { plugins: () => [collectWorkers] },
  build: { write: false, target: 'es2022', rolldownOptions: { input: `${root}scripts/size-entry.ts` } },
});
if (Array.isArray(result) || !('output' in result)) throw new Error('vite gave an unexpected kind of result');

const chunks = result.output.filter((file) => file.type === 'chunk');
const chunkOf = (module: string): Rollup.OutputChunk => {
  const chunk = [...chunks, ...workers].find(({ moduleIds }) => moduleIds.includes(module));
  if (!chunk) throw new Error(`no chunk holds ${module}`);
  return chunk;
};
const weigh = ({ code }: Rollup.OutputChunk): number => gzipSync(code, { level: 9 }).length;

/** The entry and what it imports, statically or not, except chunks that hold an unused module or Wasm. */
const skipped = new Set([...UNUSED, ...WASM_BUILDS].map((module) => chunkOf(module).fileName));
const page = new Map<string, Rollup.OutputChunk>();
const visit = (chunk: Rollup.OutputChunk | undefined): void => {
  if (!chunk || page.has(chunk.fileName) || skipped.has(chunk.fileName)) return;
  page.set(chunk.fileName, chunk);
  for (const name of [...chunk.imports, ...chunk.dynamicImports])
    visit(chunks.find(({ fileName }) => fileName === name));
};
visit(chunks.find(({ isEntry }) => isEntry));

const js = [...page.values(), chunkOf(WORKER)];
const wasm = WASM_BUILDS.map(chunkOf).reduce((a, b) => (weigh(a) > weigh(b) ? a : b));
const jsBytes = js.reduce((sum, chunk) => sum + weigh(chunk), 0);
const wasmBytes = weigh(wasm);
const runtime = jsBytes + wasmBytes;

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ runtime_gzip_bytes: runtime, wasm_gzip_bytes: wasmBytes, js_gzip_bytes: jsBytes }));
} else {
  const row = (bytes: number, raw: number, name: string): void =>
    console.log(`${String(bytes).padStart(8)} gzip ${String(raw).padStart(8)} raw  ${name}`);
  for (const chunk of [...js, wasm]) row(weigh(chunk), Buffer.byteLength(chunk.code), chunk.fileName);
  row(
    runtime,
    [...js, wasm].reduce((sum, { code }) => sum + Buffer.byteLength(code), 0),
    `in all, budget ${BUDGET}`,
  );
}
if (runtime > BUDGET) process.exitCode = 1;
