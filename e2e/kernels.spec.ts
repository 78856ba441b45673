import { LOOKUP_KERNELS } from '../src/kernels/lookup.js';
import { type Hashes, hashOutputs } from './kernels/hashes.js';
import { address } from './ports.js';
import { EVERYWHERE, expect, test } from './support/test.js';

test('codes, integer sums and outputs are the same bytes in every build, on every thread count, and in Node', {
  tag: EVERYWHERE,
}, async ({ page }) => {
  await page.goto(address('kernels'));
  const text = page.locator('#hashes[data-done]');
  await expect(text).not.toBeEmpty();
  const runs = JSON.parse((await text.textContent())!) as Hashes[];
  expect(runs.map(({ wasm, threads }) => `${wasm} ${threads}`)).toEqual(['simd 1', 'simd 2', 'relaxed 1', 'relaxed 2']);
  const node = await hashOutputs({ wasm: 'simd', threads: 1, worker: false });
  expect(Object.keys(node.outputs)).toEqual(['codes1', 'sums1', 'codes2', 'y']);
  for (const { outputs } of runs) expect(outputs).toEqual(node.outputs);
});

test('every lookup kernel of every build computes what its reference does, with shared memory and without', {
  tag: EVERYWHERE,
}, async ({ page }) => {
  await page.goto(`${address('kernels')}properties.html`);
  const text = page.locator('#kernels[data-done]');
  await expect(text).not.toBeEmpty({ timeout: 110_000 });
  const ran = JSON.parse((await text.textContent())!) as Readonly<Record<string, readonly string[]>>;
  const every = Object.keys(LOOKUP_KERNELS).sort();
  expect(ran).toEqual({ simd: every, 'simd unshared': every, relaxed: every, 'relaxed unshared': every });
});
