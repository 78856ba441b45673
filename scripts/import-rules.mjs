/** Who may import whom: rules of dependency-cruiser, read from the table of ARCHITECTURE.md. `npm run -s imports` checks them. */
import { readFileSync } from 'node:fs';

const TABLE = /<!-- imports: .*-->\n\n.*\n.*\n([\s\S]*?)\n\nEverything may import (.*)\.\n\n<!-- \/imports -->/;
/** Rows without a rule. `bench` may import everything; dependency-cruiser does not look at the other two. */
const FREE = ['assembly', 'bench', 'examples'];
/** The core worker loads on every page that classifies: nothing of these may come with it. */
const NOT_IN_CORE_WORKER = ['fit', 'trainable', 'bodies', 'facts', 'families', 'convert', 'train', 'data', 'cli'];
const OURS = '^(src|demo|bench|test|scripts|e2e|examples)/';

const [, table, shared] = TABLE.exec(readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8'));

/** "`src/a/`: `b`, `c`" is src/a/b and src/a/c, each a file or a folder. */
function pathsOf(cell) {
  const [folder, names] = cell.split(': ');
  const quoted = (text) => text.match(/[^`, ]+/g);
  return names ? quoted(names).map((name) => quoted(folder)[0] + name) : quoted(cell);
}

const rows = new Map();
for (const line of table.split('\n')) {
  const [name, files, , may] = line.slice(2, -2).split(' | ');
  rows.set(name, { paths: pathsOf(files), may });
}

function patternOf(path) {
  const end = path.endsWith('/') ? '' : path.endsWith('.ts') ? '$' : '(\\.ts$|/)';
  return path.replaceAll('.', '\\.').replaceAll('*', '[^/]*') + end;
}

/** A pattern of the files that belong to the row. A file belongs to the row with the most exact path. */
function filesOf(name) {
  const own = rows.get(name)?.paths;
  if (!own) throw new Error(`the table of ARCHITECTURE.md has no row "${name}"`);
  const others = [...rows].flatMap(([other, { paths }]) => (other === name ? [] : paths));
  const except = others.filter((path) => own.some((mine) => path.startsWith(mine))).map(patternOf);
  return `^${except.length > 0 ? `(?!${except.join('|')})` : ''}(?:${own.map(patternOf).join('|')})`;
}

const everywhere = shared.split(/, | and /);

function importsOf(may) {
  if (may === '–') return [];
  if (may !== 'everything in `src/`') return may.split(', ');
  return [...rows.keys()].filter((name) => rows.get(name).paths[0].startsWith('src/'));
}

/** Whether the table has a row for the file. */
export const hasRow = (file) => [...rows.keys()].some((name) => new RegExp(filesOf(name)).test(file));

/** Rules of dependency-cruiser that hold for types, too. */
export const FORBIDDEN = [
  {
    name: 'no-circle',
    comment: 'Values are never imported in a circle.',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  ...[...rows]
    .filter(([name]) => !FREE.includes(name))
    .map(([name, { paths, may }]) => ({
      name,
      comment: `${paths.join(', ')} may import only what ARCHITECTURE.md says`,
      severity: 'error',
      from: { path: filesOf(name) },
      to: { path: OURS, pathNot: [name, ...everywhere, ...importsOf(may)].map(filesOf) },
    })),
];

/** Rules for what is left when types are gone. */
export const FORBIDDEN_VALUES = [
  {
    name: 'core-worker',
    comment: 'The core worker does not load what only conversion, training and the command line need.',
    severity: 'error',
    from: { path: '^src/session/worker\\.ts$' },
    to: { path: NOT_IN_CORE_WORKER.map(filesOf).join('|'), reachable: true },
  },
];
