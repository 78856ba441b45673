/** Checks that files import only what the table of ARCHITECTURE.md allows. */
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import config from '../.dependency-cruiser.mjs';
import { FORBIDDEN_VALUES, hasRow } from './import-rules.mjs';

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

if (import.meta.filename === process.argv[1]) {
  const problems = await violations();
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log('imports are as ARCHITECTURE.md says');
  process.exitCode = problems.length > 0 ? 1 : 0;
}
