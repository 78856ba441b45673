/**
 * Serves everything the browser tests open, from one process: see {@link PORTS}. Ends with its standard input, so that it does not
 * outlive a test run that was killed.
 */
import { readdirSync, statSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import { build, createServer, type InlineConfig, preview } from 'vite';
import { HOST, PORTS, SITE } from './ports.js';

const configFile = 'vite.config.ts';
const outDir = `${process.cwd()}/${SITE}`;
const KERNELS = 'src/kernels/gen/simd.ts';

process.stdin.resume().on('end', () => process.exit(0));

async function refuseTakenPort(port: number): Promise<void> {
  const probe = createNetServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(port, HOST, resolve)).catch(
    (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken, perhaps by another test run' : `is refused (${error.code})`;
      console.error(`Port ${port} of ${HOST} ${why}. Free it, or set LUTRA_TEST_PORT to the first of four free ports.`);
      process.exit(1);
    },
  );
  await new Promise((resolve) => probe.close(resolve));
}

/** Whether a source of the Wasm kernels is newer than their build. */
function kernelsAreStale(): boolean {
  const changed = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = ['assembly', 'src/kernels'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.startsWith('gen'))
      .map((path) => `${folder}/${path}`),
  );
  return sources.some((path) => changed(path) > changed(KERNELS));
}

async function serveSite(port: number, isolated: boolean): Promise<void> {
  process.env.LUTRA_NO_ISOLATION = isolated ? '' : '1';
  await preview({ configFile, logLevel: 'warn', build: { outDir }, preview: { host: HOST, port, strictPort: true } });
}

/** Sources may be edited while the tests run; a page under test must not reload for that. */
async function serveSources(port: number, config: InlineConfig): Promise<void> {
  const fixed = { host: HOST, port, strictPort: true, watch: null } as const;
  const server = await createServer({ configFile, logLevel: 'warn', ...config, server: fixed });
  await server.listen();
}

for (const port of Object.values(PORTS)) await refuseTakenPort(port);
if (kernelsAreStale()) {
  // @ts-expect-error A script without exports.
  await import('../scripts/build-wasm.mjs');
}
await build({ configFile, logLevel: 'warn', build: { outDir } });
await serveSite(PORTS.isolated, true);
await serveSite(PORTS.plain, false);
process.env.LUTRA_NO_ISOLATION = '';
await serveSources(PORTS.development, { cacheDir: 'node_modules/.vite-e2e/demo' });
await serveSources(PORTS.kernels, {
  root: 'e2e/kernels',
  publicDir: false,
  cacheDir: 'node_modules/.vite-e2e/kernels',
});
