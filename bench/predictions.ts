/**
 * Whether plans of `convert` come true: `npx tsx bench/predictions.ts [network] [--samples N] [--json FILE]` (relaxed SIMD in Node 20:
 * `node --experimental-wasm-relaxed-simd --import tsx bench/predictions.ts`). Converts with `maxDrop: 0.5` and with `speedup: 3`, calibrated
 * on training examples; then runs both networks on the test examples and times them in turn, one thread, one example.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type ConvertReport, convert, parseModel, serializeModel } from '../src/convert/index.js';
import { seededRandom } from '../src/convert/random.js';
import { batches } from '../src/data/batches.js';
import { calibrationFeeds, datasetSource } from '../src/data/calibration-feeds.js';
import { openDataset } from '../src/data/node-open.js';
import { evaluationOrder } from '../src/data/sampling.js';
import { Executor } from '../src/engine/executor.js';
import { METADATA, type Preprocess } from '../src/graph/metadata.js';
import type { Graph, TensorValue } from '../src/graph/types.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { imageNetPreprocess } from './networks/image-network.js';

const DATA = '../shared/data';
const CIFAR = `${DATA}/cifar10`;
/** The ready-made residual networks take the original pixels, scaled as for ImageNet. */
const ORIGINAL: Preprocess = imageNetPreprocess(32);

interface Network {
  readonly name: string;
  readonly file: string;
  readonly train: string;
  readonly test: string;
  /** Where the file does not say it. */
  readonly preprocess?: Preprocess;
}

const original = (name: string): Network => ({
  name,
  file: `${DATA}/onnx-models/${name}_cifar10.onnx`,
  train: `${CIFAR}/original_train_first4000.bin.gz`,
  test: `${CIFAR}/original_test_first1000.bin.gz`,
  preprocess: ORIGINAL,
});
const NETWORKS: readonly Network[] = [
  {
    name: 'cifar10',
    file: 'public/models/cifar10.onnx',
    train: `${CIFAR}/train.tar.gz`,
    test: `${CIFAR}/test_a.tar.gz`,
  },
  {
    name: 'keywords',
    file: 'public/models/keywords.onnx',
    train: `${DATA}/speech-commands/train_1.ulaw.gz`,
    test: `${DATA}/speech-commands/test.ulaw.gz`,
  },
  original('resnet20'),
  original('resnet56'),
];
const GOALS = [{ maxDrop: 0.5 }, { speedup: 3 }] as const;

const BATCH = 50;
const WARM_UP = 10;
const ROUNDS = 150;

interface Outcome {
  readonly network: string;
  readonly goal: string;
  readonly examples: number;
  readonly plan: NonNullable<ConvertReport['plan']>;
  readonly warnings: readonly string[];
  readonly test: {
    readonly examples: number;
    readonly dense: number;
    readonly converted: number;
    readonly changed: number;
  };
  readonly milliseconds: { readonly dense: number; readonly converted: number };
  readonly bytes: number;
  readonly seconds: number;
}

function answers({ data, dims }: TensorValue): number[] {
  const classes = dims[1]!;
  const values = data as Float32Array;
  return Array.from({ length: dims[0]! }, (_, n) => {
    const row = values.subarray(n * classes, (n + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}

/** Percentages of right answers of both networks on the test examples, and of different ones. */
async function evaluate(
  graphs: readonly Graph[],
  path: string,
  spec: Preprocess | undefined,
  labels: readonly string[] | undefined,
) {
  const dataset = await openDataset(path, labels);
  const order = evaluationOrder(dataset.count, undefined);
  const executors = new Map<number, Executor[]>();
  const right = [0, 0];
  let changed = 0;
  for await (const { input, labels: truth } of batches(dataset, order, BATCH, spec)) {
    const rows = input.dims[0]!;
    const pair =
      executors.get(rows) ??
      (await Promise.all(graphs.map((graph) => Executor.create(graph, COMPLETE_RUNTIME, { threads: 1 }))));
    executors.set(rows, pair);
    const [dense, converted] = pair.map((executor, i) => {
      const result = executor.run({ [graphs[i]!.inputs[0]!.name]: input });
      return answers(result[graphs[i]!.outputs[0]!.name]!);
    });
    dense!.forEach((answer, i) => {
      right[0]! += Number(answer === truth![i]);
      right[1]! += Number(converted![i] === truth![i]);
      changed += Number(answer !== converted![i]);
    });
  }
  for (const pair of executors.values()) for (const executor of pair) executor.dispose();
  const share = 100 / order.length;
  return { examples: order.length, dense: right[0]! * share, converted: right[1]! * share, changed: changed * share };
}

/** The least milliseconds of one run of each network, taken in turn. */
async function time(graphs: readonly Graph[], example: TensorValue) {
  const executors = await Promise.all(graphs.map((graph) => Executor.create(graph, COMPLETE_RUNTIME, { threads: 1 })));
  const least = graphs.map(() => Infinity);
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    executors.forEach((executor, i) => {
      const start = performance.now();
      executor.run({ [graphs[i]!.inputs[0]!.name]: example });
      if (round >= WARM_UP) least[i] = Math.min(least[i]!, performance.now() - start);
    });
  }
  for (const executor of executors) executor.dispose();
  return { dense: least[0]!, converted: least[1]! };
}

async function* firstOf(dataset: Awaited<ReturnType<typeof openDataset>>, spec: Preprocess | undefined) {
  for await (const { input } of batches(dataset, [0], 1, spec)) yield input;
}

async function check(network: Network, goal: (typeof GOALS)[number], samples: number): Promise<Outcome> {
  const graph = parseModel(await readFile(network.file));
  const stored = graph.metadata[METADATA.preprocess];
  const spec = stored === undefined ? network.preprocess : (JSON.parse(stored) as Preprocess);
  const names = graph.metadata[METADATA.labels];
  const labels = names === undefined ? undefined : (JSON.parse(names) as string[]);
  const dataset = await openDataset(network.train, labels);
  const { calibration } = calibrationFeeds(datasetSource(dataset, spec), {
    samples,
    random: seededRandom(1),
    batch: graph.inputs[0]?.dims?.[0],
  });
  const { graph: converted, report } = await convert(graph, calibration, goal, {
    onProgress: ({ stage, index, layers, attempt, relativeError }) => {
      if (relativeError !== undefined || stage === 'evaluate') {
        process.stderr.write(`\r${network.name} attempt ${attempt}: ${stage} ${index + 1}/${layers}   `);
      }
    },
  });
  let example: TensorValue | undefined;
  for await (const input of firstOf(dataset, spec)) example = input;
  return {
    network: network.name,
    goal: JSON.stringify(goal),
    examples: report.examples,
    plan: report.plan!,
    warnings: report.warnings,
    test: await evaluate([graph, converted], network.test, spec, labels),
    milliseconds: await time([graph, converted], example!),
    bytes: serializeModel(converted).length,
    seconds: report.seconds,
  };
}

function row({ network, goal, plan, test, milliseconds, bytes, seconds }: Outcome): string {
  const { predicted, measured, dense } = plan;
  const cells = [
    network,
    goal.replace(/[{}"]/g, ''),
    predicted.drop!.toFixed(2),
    measured!.drop.toFixed(2),
    `${(test.dense - test.converted).toFixed(2)} ± ${(100 * Math.sqrt(test.changed / 100 / test.examples)).toFixed(2)}`,
    `${(dense.nanoseconds / 1e6).toFixed(2)} / ${milliseconds.dense.toFixed(2)}`,
    `${(predicted.nanoseconds / 1e6).toFixed(2)} / ${milliseconds.converted.toFixed(2)}`,
    `${predicted.speedup.toFixed(2)} / ${(milliseconds.dense / milliseconds.converted).toFixed(2)}`,
    (bytes / 1e6).toFixed(2),
    `${plan.attempts}`,
    seconds.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

const { values, positionals } = parseArgs({
  options: { samples: { type: 'string', default: '1000' }, json: { type: 'string' }, goal: { type: 'string' } },
  allowPositionals: true,
});
const outcomes: Outcome[] = [];
const header =
  '| network | goal | predicted drop | on calibration | on test | dense ms | converted ms | speedup | MB | conversions | s |';
process.stdout.write(`${header}\n|${'---|'.repeat(11)}\n`);
for (const network of NETWORKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  for (const goal of GOALS.filter((each) => !values.goal || values.goal in each)) {
    const outcome = await check(network, goal, Number(values.samples));
    outcomes.push(outcome);
    process.stderr.write('\n');
    process.stdout.write(`${row(outcome)}\n`);
    if (values.json) await writeFile(values.json, `${JSON.stringify(outcomes, null, 1)}\n`);
  }
}
