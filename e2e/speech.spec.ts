import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { watchForErrors } from './support/demo-page.js';
import { injectMicrophone, NO_LOUDSPEAKER } from './support/firefox.js';
import { chooseRecording, listenButton, SPEECH, withChromium, words } from './support/speech-page.js';
import { EVERYWHERE, expect, FIREFOX, test } from './support/test.js';
import { toneRecording, withToneNetwork } from './support/tone-network.js';

/** Hands a file to the page as a drop would. */
async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  await page.evaluate(
    ({ name, base64 }) => {
      const data = new DataTransfer();
      const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      data.items.add(new File([content], name, { type: 'audio/wav' }));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    },
    { name, base64: bytes.toString('base64') },
  );
}

test.describe('recordings', () => {
  test.beforeEach(async ({ page, context }) => {
    await withToneNetwork(context);
    await page.goto(SPEECH);
    await expect(listenButton(page)).toBeEnabled();
  });

  test('a dropped WAV is heard word by word', { tag: EVERYWHERE }, async ({ page }) => {
    const errors = watchForErrors(page);
    await drop(page, 'tones.wav', toneRecording(['high', 'low', 'high']));
    await expect(words(page)).toHaveText(['high', 'low', 'high']);
    await expect(page.locator('#winner')).toHaveText('high');
    await expect(page.locator('#announcement')).toHaveText(/^high, \d+\.\d % sure$/);
    await expect(page.locator('#sound-words')).toContainText('heard');
    await expect(page.locator('#cost')).toContainText('Network');
    expect(errors).toEqual([]);
  });

  test('of any rate and again after another', { tag: EVERYWHERE }, async ({ page }) => {
    await chooseRecording(page, 'a.wav', toneRecording(['low'], 16000));
    await expect(words(page)).toHaveText(['low']);
    await chooseRecording(page, 'b.wav', toneRecording(['high'], 22050));
    await expect(words(page)).toHaveText(['high', 'low']);
    await page.locator('#clear').click();
    await expect(page.locator('#words')).toContainText('None yet.');
  });

  test('say what came closest where no word counts', async ({ page }) => {
    await page.getByRole('slider').fill('99');
    await expect(page.locator('.threshold-value')).toHaveText('99 %');
    expect(new URL(page.url()).hash).toBe('#model=tones&threshold=99');
    await chooseRecording(page, 'noise.wav', toneRecording([]));
    await expect(page.locator('#status')).toHaveText(
      /No word reached 99 %. The closest was “(low|high)” with [\d.]+ %\./,
    );
    await expect(words(page)).toHaveCount(0);
    await page.getByRole('slider').fill('70');
    await chooseRecording(page, 'tone.wav', toneRecording(['low']));
    await expect(words(page)).toHaveText(['low']);
  });

  for (const [what, bytes, message] of [
    ['text', Buffer.from('not a recording'), 'notes.wav is not a recording that this browser can play'],
    ['cut off', toneRecording(['low']).subarray(0, 9000), 'notes.wav is truncated'],
    ['empty', Buffer.alloc(0), 'notes.wav is not a recording'],
  ] as const) {
    test(`that are ${what} are named, and the page goes on`, { tag: EVERYWHERE }, async ({ page }) => {
      await chooseRecording(page, 'notes.wav', bytes);
      await expect(page.getByRole('alert')).toContainText(message);
      await expect(page.getByRole('alert')).toContainText('INVALID_DATA');
      await chooseRecording(page, 'good.wav', toneRecording(['low']));
      await expect(words(page)).toHaveText(['low']);
      await expect(page.getByRole('alert')).toBeHidden();
    });
  }

  test('can be had by keyboard, in a sensible order', async ({ page }) => {
    await chooseRecording(page, 'a.wav', toneRecording(['low']));
    await expect(words(page)).toHaveText(['low']);
    await page.locator('body').press('Tab');
    await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
    const visited: string[] = [];
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press('Tab');
      visited.push(
        await page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('name') || ''),
      );
    }
    const order = ['theme', 'model', 'engine', 'threshold', 'listen', 'file', 'play', 'clear'];
    expect(visited.filter((id) => order.includes(id))).toEqual(order);
  });
});

test('sample clips of the classes that the network knows', { tag: EVERYWHERE }, async ({ page, context }) => {
  await withToneNetwork(context);
  await context.route('**/samples/speech/*', async (route) => {
    const file = route.request().url().split('/').at(-1)!;
    const samples = ['low', 'high', 'otter'].map((label) => ({ file: `${label}.wav`, label }));
    if (file === 'manifest.json') await route.fulfill({ json: { samples } });
    else await route.fulfill({ body: toneRecording([file === 'low.wav' ? 'low' : 'high']), contentType: 'audio/wav' });
  });
  await page.goto(SPEECH);
  const clips = page.getByRole('list', { name: 'Sample clips' }).getByRole('button');
  await expect(clips).toHaveText(['low', 'high']);
  await clips.first().click();
  await expect(words(page)).toHaveText(['low']);
  await expect(clips.first()).toHaveAttribute('aria-pressed', 'true');
});

for (const [what, respond, message] of [
  ['missing', { status: 404, body: '' }, /404/],
  ['no network for sound', { path: 'public/models/digits.lut.onnx' }, /does not say how sound|kind is wrong/],
] as const) {
  test(`a model that is ${what} is named as such, and can be tried again`, { tag: EVERYWHERE }, async ({
    page,
    context,
  }) => {
    await withToneNetwork(context);
    let broken = true;
    await context.route('**/models/tones.onnx', (route) => (broken ? route.fulfill(respond) : route.fallback()));
    await page.goto(SPEECH);
    await expect(page.getByRole('alert')).toContainText(message);
    await expect(listenButton(page)).toBeDisabled();
    broken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(listenButton(page)).toBeEnabled();
  });
}

/** Listens until both tones were heard, each with its latency, and stops. */
async function hearBothTones(page: Page): Promise<void> {
  await listenButton(page).click();
  await expect(listenButton(page)).toHaveText('Stop listening');
  // The recording plays over and over, and the page may come in anywhere; a busy machine tears some words apart.
  await expect
    .poll(async () => new Set(await words(page).allTextContents()), { timeout: 90_000 })
    .toEqual(new Set(['low', 'high']));
  await expect(page.locator('.heard-latency').nth(1)).toHaveText(/shown [\d.]+ ms (after|before) it ended/);
  await listenButton(page).click();
  await expect(listenButton(page)).toHaveText('Listen');
}

test.describe('the microphone', () => {
  test('is heard live, with the latency of every word', async ({ playwright, launchOptions }) => {
    const microphone = toneRecording(['high', 'low'], 48000);
    await withChromium({ playwright, launchOptions }, { microphone, allowed: true }, async (page, context) => {
      const errors = watchForErrors(page);
      await withToneNetwork(context);
      await page.goto(SPEECH);
      await hearBothTones(page);
      const count = await words(page).count();
      await page.waitForTimeout(2_500);
      expect(await words(page).count()).toBe(count);
      expect(errors).toEqual([]);
    });
  });

  for (const [what, setting, message] of [
    ['is refused', { microphone: toneRecording([]), allowed: false }, /not allowed to use the microphone/],
    ['is missing', { microphone: undefined, allowed: true }, /No microphone was found/],
  ] as const) {
    test(`that ${what} costs only the microphone`, async ({ playwright, launchOptions }) => {
      await withChromium({ playwright, launchOptions }, setting, async (page, context) => {
        await withToneNetwork(context);
        await page.goto(SPEECH);
        await listenButton(page).click();
        await expect(page.getByRole('alert')).toContainText(message);
        await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
        await chooseRecording(page, 'tones.wav', toneRecording(['low']));
        await expect(words(page)).toHaveText(['low']);
        await expect(page.getByRole('alert')).toBeHidden();
      });
    });
  }
});

test.describe('in Firefox, the microphone', { tag: FIREFOX }, () => {
  test('is heard live, with the latency of every word', async ({ page, context }) => {
    const errors = watchForErrors(page);
    await withToneNetwork(context);
    await injectMicrophone(page, toneRecording(['high', 'low'], 48000));
    await page.goto(SPEECH);
    await hearBothTones(page);
    expect(errors).toEqual([]);
  });

  test('of its own kind is heard', async ({ page, context }) => {
    await withToneNetwork(context);
    await page.goto(SPEECH);
    await listenButton(page).click();
    // Its test microphone gives a tone of 1000 Hz.
    await expect(page.locator('#sound-words')).toContainText('loudest at');
  });

  test('that waits for a loudspeaker is explained', async ({ playwright, launchOptions }) => {
    const firefoxUserPrefs = { ...launchOptions.firefoxUserPrefs, ...NO_LOUDSPEAKER };
    const browser = await playwright.firefox.launch({ ...launchOptions, firefoxUserPrefs });
    try {
      const page = await browser.newPage();
      await withToneNetwork(page.context());
      await page.goto(SPEECH);
      await listenButton(page).click();
      await expect(page.getByRole('alert')).toContainText('did not start its audio');
      await chooseRecording(page, 'tones.wav', toneRecording(['low']));
      await expect(words(page)).toHaveText(['low']);
    } finally {
      await browser.close();
    }
  });
});

for (const width of [375, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${width} px, ${colorScheme}`, () => {
      test.use({ viewport: { width, height: 900 }, colorScheme });

      test('fits, passes axe, and has its picture taken', async ({ page, context, browserName }) => {
        await withToneNetwork(context);
        await page.goto(SPEECH);
        await chooseRecording(page, 'tones.wav', toneRecording(['high', 'low']));
        await expect(words(page)).toHaveText(['low', 'high']);
        await page.getByText('The same as a table').click();
        await expect(page.getByRole('table')).toContainText('high');
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
        await page.getByText('The same as a table').click();
        const path = `test-results/screens/${browserName}-speech-${width}-${colorScheme}.png`;
        await page.screenshot({ path, fullPage: true });
      });
    });
  }
}

test('moves nothing when reduced motion is asked for', async ({ page, context }) => {
  await withToneNetwork(context);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(SPEECH);
  await chooseRecording(page, 'tones.wav', toneRecording(['high']));
  await expect(words(page)).toHaveText(['high']);
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll('*')].filter((element) => {
      const { transitionDuration, animationDuration } = getComputedStyle(element);
      return !/^(0s(, )?)+$/.test(transitionDuration) || !/^(0s(, )?)+$/.test(animationDuration);
    }),
  );
  expect(moving).toEqual([]);
});
