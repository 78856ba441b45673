import type { Page } from '@playwright/test';
import { injectMicrophone } from './support/firefox.js';
import { COMMANDS, DIGITS, peopleAreMissing, recordPeople } from './support/people.js';
import { chooseRecording, listenButton, SPEECH, withChromium, words } from './support/speech-page.js';
import { EVERYWHERE, expect, FIREFOX, test } from './support/test.js';

/** What people say into microphones, and the network that is to know it. */
const SAID = [
  ['keywords', COMMANDS, 'yes'],
  ['spoken-digits', DIGITS, '7'],
] as const;

async function open(page: Page, model: string): Promise<void> {
  await page.goto(`${SPEECH}#model=${model}`);
  await expect(listenButton(page)).toBeEnabled();
}

test.beforeEach(() => {
  test.skip(peopleAreMissing(), 'The recordings of people are not in this checkout');
});

test('keywords in a recording', { tag: EVERYWHERE }, async ({ page }) => {
  await open(page, 'keywords');
  await chooseRecording(page, 'people.wav', await recordPeople(COMMANDS, ['yes', 'left', 'stop']));
  await expect(words(page)).toHaveText(['stop', 'left', 'yes']);
});

test('digits in a recording', { tag: EVERYWHERE }, async ({ page }) => {
  await open(page, 'spoken-digits');
  await chooseRecording(page, 'people.wav', await recordPeople(DIGITS, ['7', '3', '5']));
  await expect(words(page)).toHaveText(['5', '3', '7']);
});

test('the dense original gives the same words', async ({ page }) => {
  await page.goto(`${SPEECH}#model=keywords&engine=dense`);
  await expect(listenButton(page)).toBeEnabled();
  await chooseRecording(page, 'people.wav', await recordPeople(COMMANDS, ['yes', 'left', 'stop']));
  await expect(words(page)).toHaveText(['stop', 'left', 'yes']);
});

for (const [model, path, spoken] of SAID) {
  test(`“${spoken}” said into the microphone`, async ({ playwright, launchOptions }) => {
    const microphone = await recordPeople(path, [spoken]);
    await withChromium({ playwright, launchOptions }, { microphone, allowed: true }, async (page) => {
      await open(page, model);
      await listenButton(page).click();
      await expect(page.locator('#winner')).toHaveText(spoken, { timeout: 90_000 });
    });
  });
}

test.describe('in Firefox', { tag: FIREFOX }, () => {
  for (const [model, path, spoken] of SAID) {
    test(`“${spoken}” said into the microphone`, async ({ page }) => {
      await injectMicrophone(page, await recordPeople(path, [spoken]));
      await open(page, model);
      await listenButton(page).click();
      await expect(page.locator('#winner')).toHaveText(spoken, { timeout: 90_000 });
    });
  }
});
