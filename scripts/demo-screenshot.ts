/**
 * Takes the README's screenshot of the demo: `npx tsx scripts/demo-screenshot.ts` after `npm run build:wasm`. Writes docs/demo.png, 1280 pixels
 * wide, at most 200 KB.
 */
import { writeFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import sharp from 'sharp';
import { build, preview } from 'vite';
import { ensureChromium } from './browsers.mjs';

const OUT = 'docs/demo.png';
const WIDTH = 1280;
/** Free space under the panels; less than their distance. */
const MARGIN = 16;
const MAX_BYTES = 200_000;

const site = {
  configFile: 'vite.config.ts',
  logLevel: 'warn',
  build: { outDir: `${process.cwd()}/test-results/site-screenshot` },
} as const;
await build(site);
const server = await preview({ ...site, preview: { host: '127.0.0.1', port: 4871 } });
const browser = await chromium.launch(ensureChromium());
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, colorScheme: 'light' });
  await page.goto(`${server.resolvedUrls!.local[0]!}image/`);
  await page.locator('#speedup').waitFor({ timeout: 120_000 });
  const height = await page.locator('.workbench').evaluate((element) => element.getBoundingClientRect().bottom);
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.ceil(height) + MARGIN };
  const shot = await page.screenshot({ animations: 'disabled', fullPage: true, clip });
  const png = await sharp(shot).png({ palette: true, colours: 128, effort: 10 }).toBuffer();
  if (png.length > MAX_BYTES) throw new Error(`${OUT} would be ${png.length} bytes, more than ${MAX_BYTES}`);
  writeFileSync(OUT, png);
  console.log(`${OUT}: ${png.length} bytes`);
} finally {
  await browser.close();
  await server.close();
}
