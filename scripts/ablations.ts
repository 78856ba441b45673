/**
 * What each choice in the training of lookup layers is worth: every row of bench/ablations/rows.ts on one dense network at a small budget,
 * as a Markdown table. `npm run ablations -- [--steps 200] [--rows <pattern>] [--dense model.onnx] [--data train.tar.gz] [--samples 512]
 * [--held-out 2000] [--cache <folder>]`. Everything is measured on training examples that were held out. Conversions take longest: `--cache`
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
import { METADATA } from '../src/graph/lookup.js';
import type { Graph } from '../src/graph/types.js';
import { parseModel } from '../src/onnx/parse.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { fingerprint } from '../src/train/checkpoint.js';
import { plainInputs } from '../src/train/data/batch.js';
import { openDatasets, openPictures } from '../src/train/data/open-set.js';
import { forward } from '../src/train/forward.js';
import { learningRate } from '../src/train/schedule.js';
import { LOOKUP_RECIPE, trainLookup } from '../src/train/train-lookup.js';

const CALIBRATION_BATCH = 64;
/** Distillation temperature at which the divergence from the dense network is measured. */
const TEMPERATURE = 4;
const SEED = 1;

const { values: flags } = parseArgs({
  options: {
    dense: { type: 'string', default: 'public/models/cifar10.onnx' },
    data: { type: 'string', default: '../shared/data/cifar10/train.tar.gz' },
    steps: { type: 'string', default: '200' },
    samples: { type: 'string', default: '512' },
    'held-out': { type: 'string', default: '2000' },
    rows: { type: 'string', default: '' },
    cache: { type: 'string' },
  },
});
const [steps, samples, heldOut] = [flags.steps, flags.samples, flags['held-out']].map(Number) as [
  number,
  number,
  number,
];
const rows = ROWS.filter(({ group, name }) => new RegExp(flags.rows).test(`${group}: ${name}`));

const dense = parseModel(await readFile(flags.dense));
const spec = parsePreprocess(dense.metadata[METADATA.preprocess]!);
if (spec.kind !== 'image') throw new Error(`${flags.dense} does not take pictures`);
const dataset = await openDatasets([flags.data]);
const { set, split } = await openPictures(dataset, spec, {}, { share: heldOut / dataset.count, seed: SEED });

/** Logits of the held-out examples, one after the other. */
async function logitsOf(graph: Graph): Promise<Float32Array> {
  const all = new Float32Array(split.heldOut.length * set.classes.length);
  let at = 0;
  await forward(graph, set, split.heldOut, 1, (outputs) => {
    const logits = outputs[graph.outputs[0]!.name]!.data as Float32Array;
    all.set(logits, at);
    at += logits.length;
  });
  return all;
}

function logSoftmax(logits: Float32Array): Float64Array {
  const scaled = Float64Array.from(logits, (x) => x / TEMPERATURE);
  const top = Math.max(...scaled);
  const total = Math.log(scaled.reduce((sum, x) => sum + Math.exp(x - top), 0)) + top;
  return scaled.map((x) => x - total);
}

/** Percentages of right answers and of the dense network's answers, and the distillation loss. */
function compare(ours: Float32Array, theirs: Float32Array) {
  const classes = set.classes.length;
  const best = (row: Float32Array) => row.indexOf(Math.max(...row));
  let [right, same, divergence] = [0, 0, 0];
  split.heldOut.forEach((index, i) => {
    const [a, b] = [ours, theirs].map((all) => all.subarray(i * classes, (i + 1) * classes)) as [
      Float32Array,
      Float32Array,
    ];
    if (best(a) === set.labels[index]) right++;
    if (best(a) === best(b)) same++;
    const [p, q] = [logSoftmax(b), logSoftmax(a)];
    p.forEach((log, k) => {
      divergence += TEMPERATURE ** 2 * Math.exp(log) * (log - q[k]!);
    });
  });
  const share = (count: number) => (100 * count) / split.heldOut.length;
  return { accuracy: share(right), agreement: share(same), divergence: divergence / split.heldOut.length };
}

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

/** Rate at which an annealed temperature ends at a tenth of what it was. */
function annealingRate(): number {
  let sum = 0;
  for (let step = 0; step < steps; step++) sum += learningRate(LOOKUP_RECIPE.schedule, step / steps);
  return Math.log(10) / sum;
}

const durations = new Map<string, number>();

async function train(row: Row, lookup: Graph) {
  const { training, asLongAs } = row;
  if (!training) return { graph: lookup, updates: 0, seconds: 0 };
  const seconds = asLongAs === undefined ? undefined : durations.get(asLongAs);
  if (asLongAs !== undefined && seconds === undefined) throw new Error(`"${row.name}" needs the row "${asLongAs}"`);
  const budget = seconds === undefined ? { steps } : { minutes: seconds / 60 };
  const annealed = training.temperature === 'annealed' ? { temperatureRate: annealingRate() } : {};
  const { graph, result } = await trainLookup(
    lookup,
    dense,
    set,
    { ...split, heldOut: new Int32Array(0) },
    {
      budget,
      lookup: { ...training, ...annealed },
      seed: SEED,
    },
  );
  durations.set(row.name, result.seconds);
  return { graph, updates: result.steps, seconds: result.seconds };
}

const reference = await logitsOf(dense);
console.log(
  `${flags.dense}: ${compare(reference, reference).accuracy.toFixed(2)} % of ${split.heldOut.length} held-out training examples; ${steps} updates of ${LOOKUP_RECIPE.batchSize}.\n`,
);
console.log('| | | accuracy % | same answer % | divergence | updates | seconds |\n|---|---|---|---|---|---|---|');
for (const row of rows) {
  const { graph, updates, seconds } = await train(row, await converted(row.conversion));
  const { accuracy, agreement, divergence } = compare(await logitsOf(graph), reference);
  console.log(
    `| ${row.group} | ${row.name} | ${accuracy.toFixed(2)} | ${agreement.toFixed(2)} | ${divergence.toFixed(4)} | ${updates} | ${seconds.toFixed(0)} |`,
  );
}
process.exit(0);
