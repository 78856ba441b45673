/**
 * Loads damaged models, and runs those that still load: each must give a typed error or a result.
 *
 *   npm run fuzz -- [--cases 10000] [--seed 7] [--timeout 10] [--json]
 *   npm run fuzz -- --seed 7 --only 4711 [--save case.onnx]      one case again, in this process
 *
 * Without a seed every run draws its own and prints it first, so that a failure can be repeated. Exits with 1 when a case fails. A failure
 * has a seed and a number. Damages that it does not need are removed.
 */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCampaign } from '../test/fuzz/campaign.js';
import { corpus } from '../test/fuzz/corpus.js';
import { makeCase, runCase } from '../test/fuzz/run-case.js';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    timeout: { type: 'string', default: '10' },
    only: { type: 'string' },
    save: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

function whole(name: 'cases' | 'seed' | 'timeout' | 'only'): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`--${name} ${values[name]}: expected a whole number`);
  process.exit(2);
}

const seed = whole('seed');
if (values.only !== undefined) {
  const { model, damage, bytes } = makeCase(corpus(), seed, whole('only'));
  if (values.save) writeFileSync(values.save, bytes);
  console.log(`${model}, ${bytes.length} bytes: ${damage}`);
  const { kind, detail } = await runCase(bytes);
  console.log(`${kind}: ${detail}`);
  process.exitCode = kind === 'failed' ? 1 : 0;
} else {
  const cases = whole('cases');
  // On stderr: with --json the output is one value.
  console.error(`seed ${seed}`);
  const { failures, counts } = await runCampaign({ cases, seed, timeoutMilliseconds: whole('timeout') * 1000 });
  const seeds = failures.length > 0 ? corpus() : [];
  const reports = failures.map(({ index, detail }) => {
    const { model, damage } = makeCase(seeds, seed, index);
    return { seed, case: index, model, damage, detail };
  });
  if (values.json) console.log(JSON.stringify({ cases, seed, failures: reports, ...counts }));
  else {
    for (const { case: index, model, damage, detail } of reports) {
      console.log(`case ${index} (${model}; ${damage}):\n  ${detail.replaceAll('\n', '\n  ')}`);
      console.log(`  again: npm run fuzz -- --seed ${seed} --only ${index}`);
    }
    const { refused, planned, ran } = counts;
    console.log(
      `${cases} cases, seed ${seed}: ${refused} refused, ${ran} ran, ${planned} planned only, ${failures.length} failed`,
    );
  }
  process.exitCode = failures.length > 0 ? 1 : 0;
}
