import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import type { ClassifierResult, LutraClassifierElement } from '../src/element/index.js';
import { watchForErrors } from './support/demo-page.js';
import { drawDigit } from './support/digit-image.js';
import { test } from './support/plain-page.js';
import { EVERYWHERE, expect } from './support/test.js';

const element = (page: Page): Locator => page.locator('lutra-classifier');
const best = (where: Locator): Locator => where.locator('[part=label]').first();

async function digitFile(digit: string) {
  return { name: `${digit}.png`, mimeType: 'image/png', buffer: await drawDigit(digit) };
}

async function choose(where: Locator, digit: string): Promise<void> {
  await where.locator('input[type=file]').setInputFiles(await digitFile(digit));
}

/** Hands an image to an element or the page as a drop or a paste would. */
async function hand(target: Locator, how: 'drop' | 'paste', digit: string): Promise<void> {
  const base64 = (await drawDigit(digit)).toString('base64');
  await target.evaluate(
    (node, { kind, text }) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], 'digit.png', { type: 'image/png' }));
      if (kind === 'paste') {
        const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true, composed: true });
        // Firefox gives an event made by a script an empty clipboard, whatever it was told.
        Object.defineProperty(event, 'clipboardData', { value: data });
        node.dispatchEvent(event);
        return;
      }
      for (const type of ['dragenter', 'dragover', 'drop']) {
        const event = new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true });
        node.dispatchEvent(event);
      }
    },
    { kind: how, text: base64 },
  );
}

/** Holds downloads of models back until the gate is opened. */
async function holdModels(page: Page): Promise<{ readonly held: number; open(): void }> {
  let held = 0;
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  await page.route('**/models/*.onnx', async (route) => {
    held++;
    await opened;
    await route.continue().catch(() => undefined);
  });
  return {
    get held() {
      return held;
    },
    open,
  };
}

/** Has the page note every break of its policy; the result reads the notes. */
async function watchPolicy(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { brokenPolicies: seen });
    document.addEventListener('securitypolicyviolation', (event) => seen.push(event.violatedDirective));
  });
  return () => page.evaluate(() => Reflect.get(globalThis, 'brokenPolicies') as string[]);
}

test('one script tag reads a chosen image under a strict policy', { tag: EVERYWHERE }, async ({ page, host }) => {
  const errors = watchForErrors(page);
  const broken = await watchPolicy(page);
  await page.goto(`${host.url}plain.html`);
  const events = element(page).evaluate(
    (node) =>
      new Promise<{ stages: string[]; result: ClassifierResult }>((resolve) => {
        const stages: string[] = [];
        const classifier = node as LutraClassifierElement;
        classifier.addEventListener('progress', ({ detail }) => stages.push(detail.stage));
        classifier.addEventListener('result', ({ detail }) => resolve({ stages, result: detail }));
      }),
  );
  await choose(element(page), '3');
  await expect(best(element(page))).toHaveText('3');
  await expect(element(page).locator('[part=result]')).toHaveCount(3);
  await expect(element(page).getByRole('status')).toHaveText(/^3, [\d.]+ %$/);
  await expect(element(page).getByRole('img', { name: '3.png' })).toBeVisible();
  const { stages, result } = await events;
  expect(stages[0]).toBe('download');
  expect(stages.slice(-3)).toEqual(['compile', 'plan', 'ready']);
  expect(result.classes[0]).toMatchObject({ label: '3', index: 3 });
  expect(result.milliseconds).toBeGreaterThan(0);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  expect(await broken()).toEqual([]);
  expect(errors).toEqual([]);
});

for (const how of ['drop', 'paste'] as const) {
  test(`reads an image on ${how}`, { tag: EVERYWHERE }, async ({ page, host }) => {
    await page.goto(`${host.url}plain.html`);
    await hand(how === 'drop' ? element(page) : page.locator('body'), how, '7');
    await expect(best(element(page))).toHaveText('7');
  });
}

test('two on a page do not disturb each other', { tag: EVERYWHERE }, async ({ page, host }) => {
  const errors = watchForErrors(page);
  await page.goto(`${host.url}two.html`);
  const [digits, images] = [page.locator('#digits'), page.locator('#images')];
  await choose(digits, '5');
  await hand(images, 'drop', '5');
  await expect(best(digits)).toHaveText('5');
  await expect(images.locator('[part=result]')).toHaveCount(5);
  // What is pasted goes to the one in use.
  await images.locator('[part~=live]').focus();
  await hand(images.locator('[part~=live]'), 'paste', '4');
  await expect(images.getByRole('img', { name: 'digit.png' })).toBeVisible();
  await expect(best(digits)).toHaveText('5');
  expect(errors).toEqual([]);
});

test('classifies what the page puts into it', { tag: EVERYWHERE }, async ({ page, host }) => {
  await page.goto(`${host.url}plain.html`);
  const source = `data:image/png;base64,${(await drawDigit('2')).toString('base64')}`;
  await element(page).evaluate((node, src) => {
    const image = document.createElement('img');
    image.alt = 'a digit';
    image.src = src;
    node.append(image);
  }, source);
  await expect(best(element(page))).toHaveText('2');
  const other = `data:image/png;base64,${(await drawDigit('6')).toString('base64')}`;
  await page.getByAltText('a digit').evaluate((image, src) => image.setAttribute('src', src), other);
  await expect(best(element(page))).toHaveText('6');

  const paint = async (digit: string): Promise<void> => {
    const src = `data:image/png;base64,${(await drawDigit(digit)).toString('base64')}`;
    await page.evaluate(async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      const canvas = document.querySelector('canvas') ?? document.createElement('canvas');
      canvas.width = canvas.height = 280;
      canvas.getContext('2d')!.drawImage(image, 0, 0);
      if (!canvas.isConnected) document.querySelector('lutra-classifier')!.replaceChildren(canvas);
    }, src);
  };
  await paint('0');
  await expect(best(element(page))).toHaveText('0');

  await page.evaluate(() => {
    const canvas = document.querySelector('canvas')!;
    document.body.append(canvas);
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    video.srcObject = canvas.captureStream(10);
    document.querySelector('lutra-classifier')!.append(video);
  });
  await paint('1');
  // A canvas sends a frame when it is painted on.
  await expect(async () => {
    await paint('1');
    await expect(best(element(page))).toHaveText('1', { timeout: 500 });
  }).toPass();
});

test('a move keeps the network, leaving the document frees it', { tag: EVERYWHERE }, async ({ page, host }) => {
  await page.goto(`${host.url}two.html`);
  const digits = page.locator('#digits');
  await choose(digits, '3');
  await expect(best(digits)).toHaveText('3');
  const downloads = () => host.requests.filter((path) => path === '/models/digits.lut.onnx').length;
  const before = downloads();
  await page.evaluate(() => document.querySelector('#right')!.append(document.querySelector('#digits')!));
  await choose(digits, '4');
  await expect(best(digits)).toHaveText('4');
  expect(downloads()).toBe(before);
  const workers = () => page.workers().length;
  const running = workers();
  await digits.evaluate((node) => node.remove());
  await expect.poll(workers).toBeLessThan(running);
});

test('taken out while it loads, it stops loading and says nothing', { tag: EVERYWHERE }, async ({ page, host }) => {
  const errors = watchForErrors(page);
  const gate = await holdModels(page);
  await page.goto(`${host.url}two.html`);
  await expect.poll(() => gate.held).toBe(2);
  const events = await page.evaluate(async () => {
    const node = document.querySelector('#digits') as LutraClassifierElement;
    const seen: string[] = [];
    for (const type of ['result', 'error'] as const) node.addEventListener(type, () => seen.push(type));
    const loading = node.load().catch((error: { code: string }) => error.code);
    node.remove();
    return [...seen, await loading];
  });
  expect(events).toEqual(['ABORTED']);
  gate.open();
  await expect(page.locator('#images').getByRole('progressbar')).toBeHidden();
  expect(errors).toEqual([]);
});

test('a load can be cancelled and taken up again from the keyboard', { tag: EVERYWHERE }, async ({ page, host }) => {
  const gate = await holdModels(page);
  await page.goto(`${host.url}plain.html`);
  const loading = element(page).evaluate((node) =>
    (node as LutraClassifierElement).load().catch((error: { code: string }) => error.code),
  );
  await expect(element(page).getByRole('progressbar')).toBeVisible();
  await element(page).getByRole('button', { name: 'Cancel' }).press('Enter');
  expect(await loading).toBe('ABORTED');
  gate.open();
  await element(page).getByRole('button', { name: 'Load the network' }).press('Enter');
  await expect(element(page).getByRole('progressbar')).toBeHidden();
  const node = element(page);
  await expect.poll(() => node.evaluate((self) => self.matches(':state(ready)'))).toBe(true);
  await choose(node, '3');
  await expect(best(node)).toHaveText('3');
});

test('says why a model does not load, and loads another', { tag: EVERYWHERE }, async ({ page, host }) => {
  await page.goto(`${host.url}plain.html`);
  const error = await element(page).evaluate(
    (node) =>
      new Promise<string>((resolve) => {
        const classifier = node as LutraClassifierElement;
        classifier.addEventListener('error', ({ detail }) => resolve(detail.code));
        classifier.src = '/models/none.onnx';
        void classifier.load().catch(() => {});
      }),
  );
  expect(error).toBe('LOAD_FAILED');
  await expect(element(page).getByRole('alert')).toContainText('404');
  await element(page).evaluate((node) => node.setAttribute('src', '/models/digits.lut.onnx'));
  await choose(element(page), '3');
  await expect(best(element(page))).toHaveText('3');
  await expect(element(page).getByRole('alert')).toBeHidden();
});

test('says so when a file is no image', async ({ page, host }) => {
  await page.goto(`${host.url}plain.html`);
  const broken = { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('not an image') };
  await element(page).locator('input[type=file]').setInputFiles(broken);
  await expect(element(page).getByRole('alert')).toContainText('notes.png is not an image');
});

test('watches the camera and stops', { tag: EVERYWHERE }, async ({ page, host, context, browserName }) => {
  if (browserName === 'chromium') await context.grantPermissions(['camera']);
  await page.goto(`${host.url}plain.html`);
  await element(page).getByRole('button', { name: 'Use the camera' }).click();
  await expect(best(element(page))).not.toBeEmpty();
  await element(page).getByRole('button', { name: 'Stop the camera' }).click();
  await expect(element(page).getByLabel('Camera image')).toBeHidden();
});

test('names what withholds the camera', async ({ page, host }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await page.goto(`${host.url}plain.html`);
  await element(page).getByRole('button', { name: 'Use the camera' }).click();
  await expect(element(page).getByRole('alert')).toContainText('not allowed to use the camera');
  await expect(element(page).getByRole('button', { name: 'Use the camera' })).toBeVisible();
});

test('properties and attributes mirror each other, also those set early', async ({ page, host }) => {
  await page.route('**/lutra/define.js', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await route.continue();
  });
  await page.goto(`${host.url}plain.html`, { waitUntil: 'commit' });
  await page.waitForSelector('lutra-classifier', { state: 'attached' });
  await page.evaluate(() => {
    const node = document.querySelector('lutra-classifier')!;
    if (!customElements.get('lutra-classifier')) Object.assign(node, { top: 4, inputs: 'file' });
  });
  await page.waitForFunction(() => customElements.get('lutra-classifier'));
  const node = element(page);
  await expect(node).toHaveAttribute('top', '4');
  await expect(node.getByRole('button', { name: 'Use the camera' })).toBeHidden();
  const values = await node.evaluate((self) => {
    const classifier = self as LutraClassifierElement;
    classifier.setAttribute('top', 'many');
    classifier.task = 'audio';
    return [classifier.top, classifier.getAttribute('task'), classifier.threads, classifier.cache];
  });
  expect(values).toEqual([3, 'audio', 'auto', 'none']);
});

test('runs the worker and the Wasm build from given addresses', async ({ page, host }) => {
  await page.goto(`${host.url}plain.html`);
  await element(page).evaluate((node) => {
    const classifier = node as LutraClassifierElement;
    classifier.workerUrl = '/lutra/worker-complete.js';
    const wasm = (name: string) => new URL(`/wasm/lutra-${name}.wasm`, location.href);
    classifier.options = { wasmUrl: { simd: wasm('simd'), relaxed: wasm('relaxed') } };
  });
  const from = host.requests.length;
  await choose(element(page), '3');
  await expect(best(element(page))).toHaveText('3');
  const asked = host.requests.slice(from);
  expect(asked.some((path) => /^\/wasm\/lutra-(simd|relaxed)\.wasm$/.test(path))).toBe(true);
  expect(asked).toContain('/lutra/worker-complete.js');
  expect(asked).not.toContain('/lutra/worker.js');
});

for (const width of [375, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`passes axe at ${width} px, ${colorScheme}`, async ({ page, host, browserName }) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.goto(`${host.url}plain.html`);
      const check = async (): Promise<void> => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
      };
      await check();
      await choose(element(page), '3');
      await expect(best(element(page))).toHaveText('3');
      await check();
      const moving = await element(page).evaluate((node) =>
        [...node.shadowRoot!.querySelectorAll('*')].filter(
          (inner) => !/^(0s(, )?)+$/.test(getComputedStyle(inner).transitionDuration),
        ),
      );
      expect(moving).toEqual([]);
      await page.screenshot({ path: `test-results/screens/${browserName}-element-${width}-${colorScheme}.png` });
      await element(page).evaluate((node) => node.setAttribute('src', '/models/none.onnx'));
      await expect(element(page).getByRole('alert')).toBeVisible();
      await check();
    });
  }
}
