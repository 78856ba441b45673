/**
 * Runs the ONNX project's node tests.
 *
 *   npx tsx scripts/node-tests.ts [--dir FOLDER|TAR] [--reference] [--only TEXT] [--json]
 *
 * `--reference` evaluates every node in plain TypeScript instead of planning and running the graph. Exits with 1 when a test fails.
 */
import { parseArgs } from 'node:util';
import { readNodeTests, runNodeTest, type Verdict } from './node-test-cases.js';

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '../shared/data/onnx-node-tests.tar.gz' },
    reference: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

const verdicts: Verdict[] = [];
for (const test of readNodeTests(values.dir)) {
  if (test.name.includes(values.only))
    verdicts.push(await runNodeTest(test, values.reference ? 'reference' : 'engine'));
}
const failed = verdicts.filter(({ verdict }) => verdict === 'failed');
const unsupported = verdicts.filter(({ verdict }) => verdict === 'unsupported');
const passed = verdicts.length - failed.length - unsupported.length;
if (values.json) {
  const names = (list: readonly Verdict[]) => list.map(({ name }) => name);
  console.log(JSON.stringify({ passed, failed: names(failed), unsupported: names(unsupported) }));
} else {
  for (const { name, verdict, reason } of [...unsupported, ...failed]) console.log(`${verdict} ${name}: ${reason}`);
  console.log(`${passed} passed, ${failed.length} failed, ${unsupported.length} unsupported`);
}
process.exitCode = failed.length > 0 ? 1 : 0;
