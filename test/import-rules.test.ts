import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { violations } from '../scripts/imports.mjs';

/** A small tree that breaks every kind of rule once, and keeps to them otherwise. */
const FILES: Readonly<Record<string, string>> = {
  'src/errors.ts': 'export const error = 1;',
  'src/graph/types.ts': `import { error } from '../errors.js';\nexport type Graph = typeof error;`,
  'src/graph/upwards.ts': `import { run } from '../engine/run.js';\nexport const up = run;`,
  'src/graph/type-upwards.ts': `import type { Run } from '../engine/run.js';\nexport type Up = Run;`,
  'src/engine/run.ts': `import type { Graph } from '../graph/types.js';\nexport const run = (graph: Graph) => graph;\nexport type Run = typeof run;`,
  'src/ops/a.ts': `import { b } from './b.js';\nexport const a = () => b;`,
  'src/ops/b.ts': `import { a } from './a.js';\nexport const b = () => a;`,
  'src/ops/c.ts': `import type { D } from './d.js';\nexport const c = 1 as D;`,
  'src/ops/d.ts': `import { c } from './c.js';\nexport type D = number;\nexport const d = c;`,
  'src/lut/coded/fit/fit.ts': 'export const fit = 1;\nexport type Fit = number;',
  'src/lut/family.ts': `import { fit } from '../convert/walk.js';\nexport const family = fit;`,
  'src/lut/domain.ts': 'export const DOMAIN = 1;',
  'src/convert/walk.ts': `import { fit as layer } from '../lut/coded/fit/fit.js';\nexport const fit = layer;`,
  'src/plan/plan.ts': `import { family } from '../lut/family.js';\nimport { DOMAIN } from '../lut/domain.js';\nexport const plan = [family, DOMAIN];`,
  'src/session/worker.ts': `import { plan } from '../plan/plan.js';\nexport const worker = plan;`,
  'src/new/room.ts': 'export const room = 1;',
  'demo/home/main.ts': `import { worker } from '../../src/session/worker.js';\nexport const main = worker;`,
  'bench/suite.ts': `import { plan } from '../src/plan/plan.js';\nexport const suite = plan;`,
};

it('finds every import that the table of ARCHITECTURE.md does not allow', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'lutra-imports-')));
  try {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    expect((await violations(root)).sort()).toEqual([
      'core-worker: src/session/worker.ts → src/plan/plan.ts → src/lut/family.ts → src/convert/walk.ts',
      'core-worker: src/session/worker.ts → src/plan/plan.ts → src/lut/family.ts → src/convert/walk.ts → src/lut/coded/fit/fit.ts',
      'graph: src/graph/type-upwards.ts → src/engine/run.ts',
      'graph: src/graph/upwards.ts → src/engine/run.ts',
      'no row of the table has src/new/room.ts',
      'no-circle: src/ops/a.ts → src/ops/b.ts → src/ops/a.ts',
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
