/** Serves everything the browser tests open, from one process: see {@link PORTS}. */
import { build, createServer, preview } from 'vite';
import { PORTS } from './ports.js';

const configFile = 'vite.config.ts';

async function serveSite(port: number, isolated: boolean): Promise<void> {
  process.env.LUTRA_NO_ISOLATION = isolated ? '' : '1';
  await preview({ configFile, logLevel: 'warn', preview: { port, strictPort: true } });
}

await build({ configFile, logLevel: 'warn' });
await serveSite(PORTS.isolated, true);
await serveSite(PORTS.plain, false);

process.env.LUTRA_NO_ISOLATION = '';
const demo = await createServer({
  configFile,
  logLevel: 'warn',
  server: { port: PORTS.development, strictPort: true },
});
await demo.listen();
const kernels = await createServer({
  configFile,
  logLevel: 'warn',
  root: 'e2e/kernels',
  publicDir: false,
  cacheDir: 'node_modules/.vite-e2e',
  server: { port: PORTS.kernels, strictPort: true },
});
await kernels.listen();
