/**
 * Who may import whom. The table of ARCHITECTURE.md is printed from these rows, and dependency-cruiser checks them
 * (`npm run -s imports`).
 */

/**
 * @typedef Row
 * @property {string[]} [paths] Folders (with a slash at the end) and files; `*` stands for a part of a name. Nothing: not checked.
 * @property {string} [shown] What the table says instead of the paths.
 * @property {string} job
 * @property {string[]} [may] Rows whose files may be imported, beside the row's own and those that everything may import.
 * @property {string} [mayShown] What the table says instead of `may`.
 * @property {true} [everywhere] Everything may import these files.
 */

/** All rows that lie in src. Filled in below. */
const SRC = [];

/**
 * The rows by name. A file belongs to the first row that has it.
 * @type {Record<string, Row>}
 */
export const ROWS = {
  assembly: {
    shown: '`assembly/`',
    job: 'AssemblyScript `v128` kernels, compiled to `build/` by `npm run build:wasm`: `lookup/` and `dense/` run networks, `convert/` is a build of its own that fits tables',
    mayShown: 'only itself; `assembly/gen/layout.ts` is generated from `src/kernels/list.ts`',
  },
  basics: {
    paths: ['src/errors.ts', 'src/rounding.ts', 'src/option-schema.ts', 'src/comlink.ts'],
    job: 'the one error type, the one rounding, what an option of a command is, and Comlink with errors that keep their fields',
    everywhere: true,
  },
  graph: {
    paths: ['src/graph/*.ts'],
    shown: '`src/graph/`',
    job: 'the typed IR (`types.ts`), tensors, builder and editor',
  },
  onnx: {
    paths: ['src/onnx/'],
    job: 'ONNX protobuf bytes ↔ graph, with function bodies of the `lutra` domain',
    may: ['graph', 'bodies'],
  },
  ops: {
    paths: ['src/ops/'],
    job: 'operators: shape inference and a plain TypeScript `evaluate`, one file per family; `core.ts` and `complete.ts` list them as an `OperatorSet`, `infer-node.ts` infers one node for all stages',
    may: ['graph', 'evaluate'],
  },
  passes: {
    paths: ['src/graph/passes/'],
    job: 'rewriting passes, one small file each; `optimize.ts` is what a session applies to a model once, `simplify.ts` what the converter works on; `fuse-epilogues.ts` and `sink-reshapes.ts` run for every plan, on known shapes',
    may: ['graph', 'ops'],
  },
  spec: {
    paths: [
      'src/lut/domain.ts',
      'src/lut/limits.ts',
      'src/lut/activation.ts',
      'src/lut/window.ts',
      'src/lut/operator.ts',
      'src/lut/constants.ts',
      'src/lut/tables.ts',
      'src/lut/*/spec.ts',
    ],
    shown: '`src/lut/`: `domain`, `limits`, `activation`, `window`, `operator`, `constants`, `tables`, `*/spec`',
    job: 'lookup layers: what their operators are called, take and may hold; the one quantizer of activations, of weights and of tables',
    may: ['graph', 'ops'],
    everywhere: true,
  },
  facts: {
    paths: ['src/lut/facts.ts', 'src/lut/work.ts', 'src/lut/*/facts.ts'],
    shown: '`src/lut/`: `facts`, `work`, `*/facts`',
    job: 'what a lookup operator returns, and how much it computes: for reports, checks and benchmarks',
    may: ['graph', 'ops'],
    everywhere: true,
  },
  evaluate: {
    paths: ['src/lut/evaluate.ts', 'src/lut/checks.ts', 'src/lut/*/evaluate.ts'],
    shown: '`src/lut/`: `evaluate`, `checks`, `*/evaluate`',
    job: 'shape inference and plain TypeScript of the lookup operators',
    may: ['graph', 'ops'],
  },
  lower: {
    paths: ['src/lut/lower.ts', 'src/lut/lower/', 'src/lut/*/lower*.ts', 'src/lut/*/lower/'],
    shown: '`src/lut/`: `lower`, `*/lower*`',
    job: 'lookup operators → steps of a plan',
    may: ['graph', 'ops', 'kernels', 'plan', 'evaluate'],
  },
  bodies: {
    paths: ['src/lut/bodies.ts', 'src/lut/body-builder.ts', 'src/lut/*/body.ts'],
    shown: '`src/lut/`: `bodies`, `body-builder`, `*/body`',
    job: 'function bodies of the lookup operators, with which any ONNX runtime runs them',
    may: ['graph', 'onnx'],
  },
  fit: {
    paths: ['src/lut/*/fit/', 'src/lut/*/fit.ts'],
    job: 'lookup layers from dense ones, in closed form: codebooks, tables, cost model',
    may: ['graph', 'onnx', 'engine', 'convert'],
  },
  trainable: {
    paths: ['src/lut/train.ts', 'src/lut/training-writer.ts', 'src/lut/*/train/', 'src/lut/*/train.ts'],
    shown: '`src/lut/`: `train`, `training-writer`, `*/train`',
    job: 'makes lookup layers trainable, and back',
    may: ['graph', 'ops', 'passes', 'fit', 'convert', 'train'],
  },
  family: {
    paths: ['src/lut/family.ts', 'src/lut/family-training.ts'],
    job: 'the descriptor of a family of lookup layers: a type, which everything else asks',
    may: ['graph', 'ops', 'plan', 'convert', 'bodies', 'train', 'trainable'],
    everywhere: true,
  },
  families: {
    paths: ['src/lut/families.ts', 'src/lut/index.ts'],
    job: 'the families that come with Lutra, with all stages; the entry point `lutra/family`',
    may: SRC,
    mayShown: 'everything in `src/`',
  },
  kernels: {
    paths: ['src/kernels/'],
    job: 'the list of Wasm kernels and their parameter blocks; `gen/` holds the builds, deflated and in base64',
  },
  runtime: {
    paths: ['src/plan/runtime.ts', 'src/plan/core.ts', 'src/plan/complete.ts'],
    job: 'what an entry point brings: operators, rules and passes as a `Runtime` value',
    may: ['ops', 'passes', 'plan', 'lower'],
  },
  plan: {
    paths: ['src/plan/'],
    job: 'graph + shapes → plan: resolve, fuse (`bind.ts`), lower (one rule per operator family in `lower/`), assign memory. Pure',
    may: ['graph', 'passes', 'ops', 'kernels', 'lower', 'runtime'],
  },
  features: {
    paths: ['src/engine/features.ts'],
    job: 'what this browser or Node can do',
    may: ['engine'],
  },
  engine: {
    paths: ['src/engine/'],
    job: 'compiles Wasm, owns memory and threads, walks a plan',
    may: ['graph', 'passes', 'ops', 'kernels', 'plan', 'runtime', 'features'],
  },
  session: {
    paths: ['src/session/', 'src/index.ts'],
    job: 'the public API: `InferenceSession`, `Tensor`; loading; the workers and their Comlink surface',
    may: ['graph', 'onnx', 'ops', 'passes', 'plan', 'runtime', 'engine', 'features'],
  },
  convert: {
    paths: ['src/convert/'],
    job: 'conversion without training: walks a network and fits layer after layer',
    may: ['graph', 'onnx', 'ops', 'passes', 'engine', 'runtime', 'fit'],
  },
  train: {
    paths: ['src/train/'],
    job: 'learning: `gradient/` turns a network into an ONNX graph of its training step, `engine/` runs that in onnxruntime, `zoo/` networks from scratch, `data/` batches and their variations; the trainer, checkpoints, schedules and `report/` around them',
    may: ['graph', 'onnx', 'ops', 'passes', 'session', 'data', 'speech', 'convert', 'trainable'],
  },
  speech: {
    paths: ['src/speech/'],
    job: 'log-mel front-end, resampling, WAV, voice activity, words from overlapping windows; the same code trains and listens',
    may: ['graph'],
  },
  data: {
    paths: ['src/data/'],
    job: 'calibration and evaluation data: class folders, tar, zip, CIFAR, IDX, npz, recordings; preprocessing',
    may: ['graph', 'speech'],
  },
  element: {
    paths: ['src/element/'],
    job: 'the web component `<lutra-classifier>`',
    may: ['graph', 'session', 'data', 'speech'],
  },
  cli: {
    paths: ['src/cli/'],
    job: 'the `lutra` command (Node only)',
    may: SRC,
    mayShown: 'everything in `src/`',
  },
  networks: {
    paths: ['bench/networks/'],
    job: 'networks built in code at full size, for measurements',
    may: ['graph', 'ops', 'passes', 'engine', 'runtime', 'convert', 'fit'],
  },
  bench: {
    paths: ['bench/'],
    job: 'times kernels, training steps and whole networks beside other engines in real browsers, and Lutra’s builds and thread counts beside each other',
    mayShown: 'everything, the peers',
  },
  'benchmark page': {
    paths: ['demo/benchmark/'],
    job: 'the page that measures in the visitor’s browser',
    may: ['pages', 'session', 'graph', 'onnx', 'ops', 'passes', 'bench', 'networks'],
  },
  'convert page': {
    paths: ['demo/convert/'],
    job: 'the page that converts a network of one’s own',
    may: ['pages', 'session', 'element', 'graph', 'onnx', 'ops', 'passes', 'convert', 'data', 'speech'],
  },
  pages: {
    paths: ['demo/'],
    job: 'the other pages; `demo/shared/html` holds what their HTML repeats (`<!-- include NAME -->` puts it in); workers are bundled so that no chunk imports their first script (`closedEntries` in vite.config.ts); `e2e/` drives them in real browsers',
    may: ['graph', 'features', 'session', 'element', 'data', 'speech'],
  },
  examples: {
    shown: '`examples/`',
    job: 'small programs that use the package as a stranger would; tests run them',
    mayShown: 'the package',
  },
};

for (const [name, { paths = [] }] of Object.entries(ROWS)) if (paths[0]?.startsWith('src/')) SRC.push(name);

/** The core worker loads on every page that classifies: nothing of these may come with it. */
const NOT_IN_CORE_WORKER = ['fit', 'trainable', 'bodies', 'facts', 'families', 'convert', 'train', 'data', 'cli'];

const patternOf = (path) =>
  path.replaceAll('.', '\\.').replaceAll('*', '[^/]*') + (path.endsWith('/') || path.endsWith('*') ? '' : '$');

/** A pattern of the files that belong to the row, and to none before it. */
function filesOf(name) {
  const names = Object.keys(ROWS);
  const before = names.slice(0, names.indexOf(name)).flatMap((other) => ROWS[other].paths ?? []);
  const except = before.length > 0 ? `(?!${before.map(patternOf).join('|')})` : '';
  return `^${except}(?:${ROWS[name].paths.map(patternOf).join('|')})`;
}

const checked = Object.keys(ROWS).filter((name) => ROWS[name].paths);
const everywhere = checked.filter((name) => ROWS[name].everywhere);
const OURS = '^(src|demo|bench|test|scripts|e2e|examples)/';

/** Whether the table has a row for the file. */
export const hasRow = (file) => checked.some((name) => new RegExp(filesOf(name)).test(file));

/** Rules of dependency-cruiser that hold for types, too. */
export const FORBIDDEN = [
  {
    name: 'no-circle',
    comment: 'Values are never imported in a circle.',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  ...checked
    .filter((name) => ROWS[name].may || !ROWS[name].mayShown)
    .map((name) => ({
      name,
      comment: `${ROWS[name].paths.join(', ')} may import only what ARCHITECTURE.md says`,
      severity: 'error',
      from: { path: filesOf(name) },
      to: { path: OURS, pathNot: [name, ...everywhere, ...(ROWS[name].may ?? [])].map(filesOf) },
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

const shownPaths = ({ shown, paths }) => shown ?? paths.map((path) => `\`${path}\``).join(', ');

/** The table of ARCHITECTURE.md. */
export function importTable() {
  const rows = Object.entries(ROWS).map(([name, row]) => {
    const may = row.mayShown ?? (row.may?.join(', ') || '–');
    return `| ${name} | ${shownPaths(row)} | ${row.job} | ${may} |`;
  });
  const shared = everywhere.join(', ').replace(/, (?=[^,]*$)/, ' and ');
  return [
    '| name | files | job | may import |',
    '|---|---|---|---|',
    ...rows,
    '',
    `Everything may import ${shared}.`,
  ].join('\n');
}
