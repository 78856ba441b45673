import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WebKitWindow } from '../scripts/webkit.mjs';
import { address, SITE } from './ports.js';
import { photographDigit } from './support/demo-page.js';
import { drawDigit } from './support/digit-image.js';
import { ISOLATION, STRICT_POLICY, startHost } from './support/host.js';
import { playedMicrophoneScript } from './support/injected-microphone.js';
import { COMMANDS, peopleAreMissing, recordPeople } from './support/people.js';
import { expect, WEBKIT } from './support/test.js';
import { toneRecording, writeToneSite } from './support/tone-network.js';
import { test } from './support/webkit.js';

const FOLDER = 'test-results/webkit';
const POLICY = { 'content-security-policy': STRICT_POLICY };
const HEADERS = { isolated: { ...POLICY, ...ISOLATION }, plain: POLICY };
const WORDS = "return [...document.querySelectorAll('.heard-word')].map((word) => word.textContent).join(' ')";
const READY = "return !document.querySelector('#listen').disabled";

function write(name: string, bytes: Buffer): string {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${name}`, bytes);
  return resolve(FOLDER, name);
}

const textOf = (selector: string) => `return document.querySelector('${selector}')?.textContent ?? ''`;

/** Waits for a text; fails with what is there instead. */
async function expectText(window: WebKitWindow, body: string, text: string | RegExp): Promise<void> {
  const found = expect.poll(() => window.evaluate<string>(body), { timeout: 60_000 });
  await (typeof text === 'string' ? found.toBe(text) : found.toMatch(text));
}

test.describe('WebKitGTK', { tag: WEBKIT }, () => {
  for (const server of ['isolated', 'plain'] as const) {
    test.describe(server, () => {
      test('reads the page’s own digit and a photographed one, and times both networks', async ({ window }) => {
        await window.goto(`${address(server)}image/#model=digits`);
        await expectText(window, textOf('#announcement'), /^3, [\d.]+ % sure$/);
        await window.click('#tab-images');
        await window.type('#file', write('4.png', await photographDigit('4')));
        await expectText(window, textOf('#announcement'), /^4, [\d.]+ % sure$/);
        expect(await window.text('#winner')).toBe('4');
        await expectText(window, textOf('#latency-lut'), /^[\d.]+ ms$/);
        await expectText(window, textOf('#latency-dense'), /^[\d.]+ ms$/);
      });

      test('hears clips, recordings and the microphone', async ({ window }) => {
        const host = await startHost({ '/': SITE, ...writeToneSite(`${FOLDER}/tones`) }, HEADERS[server]);
        try {
          await window.goto(`${host.url}speech/`);
          await window.waitFor(READY);
          await window.waitFor("return document.querySelector('.clips button')");
          await window.click('.clips button');
          await expectText(window, WORDS, 'low');
          await window.type('#file', write('tones.wav', toneRecording(['high', 'low'])));
          await expectText(window, WORDS, 'low high low');
          await window.evaluate(playedMicrophoneScript(toneRecording(['high', 'high'], 48000)));
          await window.click('#listen');
          await expectText(window, WORDS, /^high (high )*low high low$/);
          expect(await window.text('#winner')).toBe('high');
        } finally {
          await host.close();
        }
      });

      test('hears what people say', async ({ window }) => {
        test.skip(peopleAreMissing(), 'The recordings of people are not in this checkout');
        await window.goto(`${address(server)}speech/#model=keywords`);
        await window.waitFor(READY);
        await window.type('#file', write('people.wav', await recordPeople(COMMANDS, ['yes', 'left', 'stop'])));
        await expectText(window, WORDS, 'stop left yes');
      });

      test('classifies in the element what is put into it and what is chosen', async ({ window, folders }) => {
        write('3.png', await drawDigit('3'));
        const host = await startHost({ ...folders, '/images/': FOLDER }, HEADERS[server]);
        try {
          await window.goto(`${host.url}plain.html`);
          await window.evaluate(`
            const image = new Image();
            image.src = '/images/3.png';
            document.querySelector('lutra-classifier').append(image);
          `);
          const best =
            "return document.querySelector('lutra-classifier').shadowRoot?.querySelector('[part=label]')?.textContent";
          await expectText(window, best, '3');
          await window.type('lutra-classifier >>> input[type=file]', write('5.png', await drawDigit('5')));
          await expectText(window, best, '5');
          expect(await window.text('lutra-classifier >>> [part=label]')).toBe('5');
        } finally {
          await host.close();
        }
      });
    });
  }
});
