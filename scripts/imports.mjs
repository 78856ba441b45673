/**
 * Checks that files import only what the table of ARCHITECTURE.md allows, and that the table is the one of import-rules.mjs.
 * `--write` writes the table.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import config from '../.dependency-cruiser.mjs';
import { FORBIDDEN_VALUES, hasRow, importTable } from './import-rules.mjs';

const ARCHITECTURE = 'ARCHITECTURE.md';
const TABLE = /(<!-- imports: npm run -s imports -- --write -->\n\n)([\s\S]*?)(\n\n<!-- \/imports -->)/;

/** "no-circle: src/a.ts → src/b.ts → src/a.ts" for every import below `root` that no rule allows. */
export async function violations(root = process.cwd()) {
  const { forbidden, options } = config;
  const tsConfig = extractTSConfig(options.tsConfig.fileName);
  const check = async (files, ruleSet, more) => {
    const settings = { ...options, ...more, baseDir: root, validate: true, ruleSet };
    return (await cruise(files, settings, undefined, { tsConfig })).output;
  };
  const all = await check(['src', 'demo', 'bench'], { forbidden });
  const values = await check(
    ['src/session/worker.ts'],
    { forbidden: FORBIDDEN_VALUES },
    { tsPreCompilationDeps: false },
  );
  const found = [...all.summary.violations, ...values.summary.violations].map(({ rule, from, to, cycle, via }) => {
    const steps = (cycle ?? via)?.map(({ name }) => name) ?? [to];
    return `${rule.name}: ${[from, ...steps].join(' → ')}`;
  });
  const files = all.modules.map(({ source }) => source).filter((file) => /^(src|demo|bench)\//.test(file));
  return [...found, ...files.filter((file) => !hasRow(file)).map((file) => `no row of the table has ${file}`)];
}

/** Where the table of ARCHITECTURE.md differs, it is written or told. */
function checkTable(write) {
  const text = readFileSync(ARCHITECTURE, 'utf8');
  if (!TABLE.test(text)) return [`${ARCHITECTURE} has no markers around its table`];
  const wanted = text.replace(TABLE, (_, before, __, after) => `${before}${importTable()}${after}`);
  if (write) writeFileSync(ARCHITECTURE, wanted);
  return write || wanted === text ? [] : [`the table of ${ARCHITECTURE} is not current: npm run -s imports -- --write`];
}

if (import.meta.filename === process.argv[1]) {
  const problems = [...checkTable(process.argv.includes('--write')), ...(await violations())];
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log('imports are as ARCHITECTURE.md says');
  process.exitCode = problems.length > 0 ? 1 : 0;
}
