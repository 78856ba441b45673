/**
 * What each choice in the training of lookup layers is worth: every row of bench/ablations/rows.ts on one dense network at a small budget,
 * as a Markdown table. `npm run ablations -- [--steps 200] [--rows <pattern>] [--dense model.onnx] [--data train.tar.gz] [--samples 512]
 * [--validation 2000] [--cache <folder>]`. Everything is measured on training examples that take no part in training. Conversions take longest: `--cache`
 * keeps them.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROWS, type Row } from '../bench/ablations/rows.js';
import { convert } from '../src/convert/convert.js';
import type { ConvertOptions } from '../src/convert/types.js';
import { parsePreprocess } from '../src/data/preprocess.js';
import { METADATA } from '../src/graph/metadata.js';
import type { Graph } from '../src/graph/types.js';
import { parseModel } from '../src/onnx/parse.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { fingerprint } from '../src/train/checkpoint.js';
import { plainInputs } from '../src/train/data/batch.js';
import { openDatasets, openImages } from '../src/train/data/open-set.js';
import { LOOKUP_RECIPE, trainLookup } from '../src/train/train-lookup.js';
import { createValidator } from '../src/train/validate.js';

const CALIBRATION_BATCH = 64;
const SEED = 1;

const { values: flags } = parseArgs({
  options: {
    dense: { type: 'string', default: 'public/models/cifar10.onnx' },
    data: { type: 'string', default: '../shared/data/cifar10/train.tar.gz' },
    steps: { type: 'string', default: '200' },
    samples: { type: 'string', default: '512' },
    validation: { type: 'string', default: '2000' },
    rows: { type: 'string', default: '' },
    cache: { type: 'string' },
  },
});
const [steps, samples, validationCount] = [flags.steps, flags.samples, flags.validation].map(Number) as [
  number,
  number,
  number,
];
const rows = ROWS.filter(({ group, name }) => new RegExp(flags.rows).test(`${group}: ${name}`));

const dense = parseModel(await readFile(flags.dense));
const spec = parsePreprocess(dense.metadata[METADATA.preprocess]!);
if (spec.kind !== 'image') throw new Error(`${flags.dense} does not take images`);
const dataset = await openDatasets([flags.data]);
const { set, split } = await openImages(dataset, spec, {}, { share: validationCount / dataset.count, seed: SEED });

const validate = await createValidator(dense, set, split, { kind: 'distillation' }, 1);
const percentage = (count: number) => ((100 * count) / split.validation.length).toFixed(2);

async function converted(options: ConvertOptions): Promise<Graph> {
  const key = fingerprint(
    options,
    samples,
    flags.dense,
    [...dense.initializers].map(([name, { dims }]) => [name, dims]),
  );
  const path = flags.cache && join(flags.cache, `${key}.lut.onnx`);
  if (path && existsSync(path)) return parseModel(await readFile(path));
  const indices = split.train.filter((_, i) => i % Math.floor(split.train.length / samples) === 0).subarray(0, samples);
  const feeds = Array.from({ length: Math.ceil(indices.length / CALIBRATION_BATCH) }, (_, i) =>
    plainInputs(set, indices.subarray(i * CALIBRATION_BATCH, (i + 1) * CALIBRATION_BATCH)),
  );
  const { graph } = await convert(dense, { feeds }, { ...options, seed: SEED });
  if (path) {
    await mkdir(flags.cache!, { recursive: true });
    await writeFile(path, serializeModel(graph));
  }
  return graph;
}

const durations = new Map<string, number>();

async function train(row: Row, lookup: Graph) {
  const { training, asLongAs } = row;
  if (!training) return { graph: lookup, updates: 0, seconds: 0 };
  const seconds = asLongAs === undefined ? undefined : durations.get(asLongAs);
  if (asLongAs !== undefined && seconds === undefined) throw new Error(`"${row.name}" needs the row "${asLongAs}"`);
  const budget = seconds === undefined ? { steps } : { minutes: seconds / 60 };
  const { graph, result } = await trainLookup(
    lookup,
    dense,
    set,
    { ...split, validation: new Int32Array(0) },
    {
      budget,
      lookup: training,
      seed: SEED,
    },
  );
  durations.set(row.name, result.seconds);
  return { graph, updates: result.steps, seconds: result.seconds };
}

console.log(
  `${flags.dense}: ${percentage((await validate(dense)).correct)} % of ${split.validation.length} validation examples; ${steps} updates of ${LOOKUP_RECIPE.batchSize}.\n`,
);
console.log('| | | accuracy % | same answer % | divergence | updates | seconds |\n|---|---|---|---|---|---|---|');
for (const row of rows) {
  const { graph, updates, seconds } = await train(row, await converted(row.conversion));
  const { correct, same, loss } = await validate(graph);
  console.log(
    `| ${row.group} | ${row.name} | ${percentage(correct)} | ${percentage(same!)} | ${loss.toFixed(4)} | ${updates} | ${seconds.toFixed(0)} |`,
  );
}
process.exit(0);
