import { address } from './ports.js';
import { expect, WEBKIT } from './support/test.js';
import { test } from './support/webkit.js';

/** Two engines on the smallest network, ten rounds. */
const CHOOSE = `
  const choose = (name, values) => {
    for (const box of document.querySelectorAll('input[name=' + name + ']')) box.checked = values.includes(box.value);
  };
  choose('network', ['digits']);
  choose('engine', ['lutra', 'ort-f32']);
  document.querySelector('select[name=samples]').value = '10';`;

test('measures in WebKitGTK, and shows what was recorded there', { tag: WEBKIT }, async ({ window }) => {
  await window.goto(`${address('isolated')}benchmark/`);
  await window.waitFor("return document.querySelector('input[name=network][value=digits]') !== null");
  await window.evaluate(CHOOSE);
  await window.click('#run');
  const announcement = () => window.text('#announcement');
  await expect.poll(announcement, { timeout: 110_000 }).toMatch(/^(Done|Cancelled)/);
  const table = await window.text('#table');
  expect(`${await announcement()}\n${table}`).toMatch(/^Done\.\n/);
  expect(table).toMatch(/Lutra, lookup/);
  expect(table).toMatch(/onnxruntime-web[\s\S]*\d+\.\d\d×\s*\d+\.\d\d–\d+\.\d\d/);
  const labels = await window.evaluate<string>("return document.querySelector('#source select').textContent");
  expect(labels).toMatch(/This page: .*(Safari|WebKit)/);
  expect(labels).toMatch(/WebKitGTK .*\(recorded\)/);
});
