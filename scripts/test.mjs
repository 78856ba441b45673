/**
 * The one test command: builds, checks and tests everything, then prints `N passed, N failed, N skipped`.
 * `node scripts/test.mjs lint unit` runs only the named stages.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';

const RESULTS = 'test-results';
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

function run(command) {
  console.log(`\n$ ${command}`);
  return spawnSync(command, { shell: true, stdio: 'inherit' }).status === 0;
}

/** A stage without a runner of its own counts as one test. */
function check(name, command) {
  if (run(command)) totals.passed++;
  else {
    totals.failed++;
    failures.push(name);
  }
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** Adds a runner's own counts; a runner that died before reporting counts as one failure. */
function count(name, succeeded, { passed = 0, failed = 0, skipped = 0 } = {}) {
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
  if (failed > 0) failures.push(name);
  else if (!succeeded || passed === 0) {
    totals.failed++;
    failures.push(`${name} (the runner itself)`);
  }
}

function unit() {
  const file = `${RESULTS}/unit.json`;
  rmSync(file, { force: true });
  const ok = run(`npx vitest run --reporter=default --reporter=json --outputFile.json=${file}`);
  const report = readJson(file);
  count(
    'unit',
    ok,
    report && { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests },
  );
}

function browser() {
  const file = `${RESULTS}/browser.json`;
  rmSync(file, { force: true });
  const ok = run(`PLAYWRIGHT_JSON_OUTPUT_NAME=${file} npx playwright test --reporter=list,json`);
  const stats = readJson(file)?.stats;
  count(
    'browser',
    ok,
    stats && { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped },
  );
}

/** The first Python that has what the package needs, or what is missing. */
function findPython() {
  const needs = 'import torch, onnx, pytest';
  const candidates = [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter(Boolean);
  return candidates.find((python) => spawnSync(python, ['-c', needs], { stdio: 'ignore' }).status === 0);
}

function python() {
  const found = findPython();
  if (!found) {
    console.log('\nThe Python package was not tested: no python3 here has torch, onnx and pytest.');
    totals.skipped++;
    return;
  }
  const file = `${RESULTS}/python.xml`;
  rmSync(file, { force: true });
  const ok = run(`${found} -m pytest -q --disable-warnings python --junitxml=${file}`);
  const counted = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const attribute = (name) => Number(new RegExp(`<testsuite [^>]*${name}="(\\d+)"`).exec(counted)?.[1] ?? 0);
  const [failed, skipped] = [attribute('failures') + attribute('errors'), attribute('skipped')];
  count('python', ok, counted && { passed: attribute('tests') - failed - skipped, failed, skipped });
}

const STAGES = {
  build: () => check('build', 'npm run -s build'),
  lint: () => check('lint', 'npx biome check .'),
  types: () => check('types', 'npx tsc -p .'),
  imports: () => check('import rules', 'npm run -s imports'),
  unit,
  python,
  package: () => {
    check('publint', 'npx publint --strict');
    check('types of the package', 'npx attw --pack . --profile esm-only');
  },
  size: () => check('size budget', 'npm run -s size'),
  operators: () => check('operator table is current', 'npm run -s operators -- --check'),
  conformance: () => check('conformance', 'npm run -s conformance'),
  browser,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in STAGES));
if (unknown.length > 0) {
  console.error(`unknown stage ${unknown.join(', ')}; stages: ${Object.keys(STAGES).join(', ')}`);
  process.exit(2);
}
mkdirSync(RESULTS, { recursive: true });
for (const [name, stage] of Object.entries(STAGES)) {
  if (wanted.length === 0 || wanted.includes(name)) stage();
}
if (failures.length > 0) console.log(`\nfailed: ${failures.join(', ')}`);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);
