import { rmSync } from 'node:fs';
import { chromium, firefox } from '@playwright/test';
import { ensureChromium, ensureFirefox, ensureWebKit } from '../../scripts/browsers.mjs';
import { openWebKit } from '../../scripts/webkit.mjs';
import { buildWorker } from '../../test/build-worker.js';
import { modelBytes } from '../kernels/network.js';
import { type Measurement, measure } from './measure.js';
import { openSite, readModel, type Site, shippedModels } from './site.js';

const MILLISECONDS = 240_000;
const DONE = "document.getElementById('hashes')?.dataset.done";
const TEXT = "document.getElementById('hashes').textContent";

/** What one engine computed, on one kind of page. */
export interface Place {
  /** e.g. `Firefox, isolated`. */
  readonly name: string;
  readonly measurements: readonly Measurement[];
}

export interface Collection {
  readonly places: readonly Place[];
  /** Engines that this machine does not have, and why. */
  readonly skipped: readonly string[];
}

type Open = (url: string) => Promise<{ evaluate(expression: string): Promise<unknown>; close(): Promise<void> }>;

async function readPage(open: Open, name: string, url: string): Promise<Place> {
  const page = await open(url);
  try {
    const end = Date.now() + MILLISECONDS;
    for (;;) {
      const done = await page.evaluate(DONE);
      if (done) {
        const text = String(await page.evaluate(TEXT));
        if (done !== 'true') throw new Error(`${name}: ${text}`);
        return { name, measurements: JSON.parse(text) as Measurement[] };
      }
      if (Date.now() > end) throw new Error(`${name}: no hashes within ${MILLISECONDS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    await page.close();
  }
}

async function inPlaywright(
  launch: () => ReturnType<typeof chromium.launch>,
  name: string,
  site: Site,
): Promise<Place[]> {
  const browser = await launch();
  try {
    const open: Open = async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      return page;
    };
    return [
      await readPage(open, `${name}, isolated`, site.isolated),
      await readPage(open, `${name}, not isolated`, site.plain),
    ];
  } finally {
    await browser.close();
  }
}

/** WebKitGTK shares memory only when told to: as shipped, its isolated pages have one thread. */
async function inWebKit(site: Site): Promise<Place[]> {
  const open =
    (sharedMemory: boolean): Open =>
    async (url) => {
      const window = await openWebKit({ sharedMemory });
      await window.goto(url);
      return { evaluate: (expression) => window.evaluate(`return ${expression}`), close: () => window.close() };
    };
  return [
    await readPage(open(true), 'WebKitGTK, isolated, memory shared', site.isolated),
    await readPage(open(false), 'WebKitGTK, isolated', site.isolated),
    await readPage(open(false), 'WebKitGTK, not isolated', site.plain),
  ];
}

async function inNode(): Promise<Place> {
  const workerUrl = await buildWorker();
  try {
    const models = [
      { name: 'integers', bytes: modelBytes() },
      ...shippedModels().map((name) => ({ name, bytes: readModel(name) })),
    ];
    const configurations = [1, 2].map((threads) => ({ wasm: 'simd' as const, threads }));
    return { name: 'Node', measurements: await measure(models, configurations, { workerUrl }) };
  } finally {
    rmSync(new URL('.', workerUrl), { recursive: true });
  }
}

/** Hashes of every shipped model in Node and in every browser that there is. */
export async function collectHashes(): Promise<Collection> {
  const places = [await inNode()];
  const skipped: string[] = [];
  const site = await openSite();
  try {
    places.push(...(await inPlaywright(() => chromium.launch(ensureChromium()), 'Chromium', site)));
    const fox = ensureFirefox();
    if (fox) places.push(...(await inPlaywright(() => firefox.launch(fox), 'Firefox', site)));
    else skipped.push('Firefox: neither installed nor to be had');
    if (ensureWebKit()) places.push(...(await inWebKit(site)));
    else skipped.push('WebKitGTK: neither installed nor to be had from the system’s packages');
    return { places, skipped };
  } finally {
    await site.close();
  }
}
