/**
 * Everything that is compared with others, in one command:
 *
 *   npm run -s conformance -- [--json] [--only operators,models,fuzz,hashes] [--cases 10000] [--seed 1]
 *
 * The ONNX project's node tests, trained networks against onnxruntime (dense and converted), damaged models, and hashes of the shipped
 * models in every engine that is installed. Details go to standard error. Exits with 1 when anything is wrong.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { collectHashes } from '../e2e/hashes/collect.js';
import { compareHashes } from '../e2e/hashes/compare.js';
import { runCampaign } from '../test/fuzz/campaign.js';
import { checkModels } from './conformance-models.js';
import { readNodeTests, runNodeTest } from './node-test-cases.js';

const NODE_TESTS = '../shared/data/onnx-node-tests.tar.gz';
const CASE_MILLISECONDS = 10_000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: 'operators,models,fuzz,hashes' },
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
});

const say = (text: string) => console.error(text);

async function operators() {
  const counts = { passed: 0, failed: 0, unsupported: 0 };
  if (!existsSync(NODE_TESTS)) say(`operators: ${NODE_TESTS} is not here, skipped`);
  else {
    for (const test of readNodeTests(NODE_TESTS)) {
      const { verdict, reason } = await runNodeTest(test, 'engine');
      counts[verdict]++;
      if (verdict === 'failed') say(`operators: ${test.name}: ${reason}`);
    }
  }
  return counts;
}

async function models() {
  const counts = { matched: 0, failed: 0 };
  for await (const { name, matched, detail } of checkModels()) {
    counts[matched ? 'matched' : 'failed']++;
    say(`models: ${matched ? 'matched' : 'FAILED'} ${name}: ${detail}`);
  }
  if (counts.matched + counts.failed === 0) say('models: the trained networks are not here, skipped');
  return counts;
}

async function fuzz() {
  const [cases, seed] = [Number(values.cases), Number(values.seed)];
  const { failures, counts } = await runCampaign({ cases, seed, timeoutMilliseconds: CASE_MILLISECONDS });
  for (const { index, detail } of failures) say(`fuzz: npm run fuzz -- --seed ${seed} --only ${index}\n${detail}`);
  return { cases, failures: failures.length, ...counts };
}

async function hashes() {
  const collection = await collectHashes();
  const { runs, mismatches, relaxed } = compareHashes(collection);
  for (const reason of collection.skipped) say(`hashes: skipped ${reason}`);
  for (const { place, model, wasm, threads, what } of mismatches) {
    say(`hashes: ${place}, ${model}, ${wasm}, ${threads} threads: ${what}`);
  }
  return { runs, mismatches: mismatches.length, places: collection.places.length, relaxed };
}

const PARTS = { operators, models, fuzz, hashes };

const wanted = values.only.split(',');
const unknown = wanted.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0 || !(Number(values.cases) >= 1) || !Number.isSafeInteger(Number(values.seed))) {
  console.error(`usage: conformance [--json] [--only ${Object.keys(PARTS)}] [--cases N] [--seed S]`);
  process.exit(2);
}
const results: Record<string, Readonly<Record<string, unknown>>> = {};
for (const [name, part] of Object.entries(PARTS)) if (wanted.includes(name)) results[name] = await part();
if (values.json) console.log(JSON.stringify(results));
else for (const [name, result] of Object.entries(results)) console.log(`${name}: ${JSON.stringify(result)}`);
const wrong = [results.operators?.failed, results.models?.failed, results.fuzz?.failures, results.hashes?.mismatches];
process.exitCode = wrong.some((count) => Number(count ?? 0) > 0) ? 1 : 0;
