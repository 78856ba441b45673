/** Makes one shipped model: trains the dense network, converts and trains its lookups, measures both, writes card and manifest. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { METADATA } from '../src/graph/metadata.js';

export interface ShippedModel {
  readonly id: string;
  readonly title: string;
  readonly task: 'image' | 'audio';
  /** The page draws on a canvas that leaves a margin around what was drawn. */
  readonly pad: boolean;
  readonly description: string;
  readonly licence: string;
  /** Flags of `lutra train` for the dense network; each stage after the first starts from the weights of the one before. */
  readonly dense: readonly (readonly string[])[];
  /** Flags of `lutra train` for the lookups, or of `lutra convert` where they are not trained. */
  readonly lookup: readonly string[];
  readonly lookupCommand: 'train' | 'convert';
  /** Paths of the training data. */
  readonly training: readonly string[];
  /** A sentence about the data that chose the recipe. Default: no test data. */
  readonly chosen?: string;
  /** What the accuracy is measured on, and how where `lutra eval` on it is not enough. */
  readonly test: { readonly path: string; readonly name: string; readonly speaker?: string; readonly command?: string };
}

/** What the scripts that train shipped models take. */
export const TRAINING_FLAGS = {
  data: { type: 'string', default: '../shared/data' },
  only: { type: 'string' },
  resume: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
} as const;

export interface Accuracy {
  readonly value: number;
  readonly n: number;
}

interface Layer {
  readonly name: string;
  readonly op: string;
  readonly macs: number;
  readonly searchMacs: number;
  readonly lookups: number;
}

interface Inspected {
  readonly layers: readonly Layer[];
  readonly metadata: Readonly<Record<string, string>>;
}

interface ManifestEntry {
  readonly id: string;
}

export const OUT = 'public/models';
/** Where checkpoints, reports and stages between are kept. */
const WORK = 'build';
/** Where `--quick` writes everything. */
const QUICK = 'build/quick';
const QUICK_DENSE = ['--steps', '6', '--batch', '32', '--micro-batch', '8'];
const QUICK_SAMPLES = ['--samples', '64'];
/** Flags that are removed for them. */
const FULL = ['--epochs', '--batch', '--samples'];

/** Runs the command line with --json and returns the last object that it printed. */
export function lutra<T>(...args: readonly string[]): T {
  console.error(`$ lutra ${args.join(' ')}`);
  const program = ['--import', 'tsx', 'scripts/lutra.ts', ...args, '--json'];
  const { status, stdout } = spawnSync(process.execPath, program, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // The command has printed the reason.
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as T;
}

const percent = ({ value }: Accuracy) => `${(100 * value).toFixed(2)} %`;
const kilobytes = (path: string) => `${Math.round(statSync(path).size / 1000)} kB`;
const mega = (count: number) => (count / 1e6).toFixed(1);

/** What a card names instead of a path: models and checkpoints by their names, data with its folder. */
function shown(args: readonly string[]): string {
  return args
    .map((arg) =>
      /\.(onnx|checkpoint)$/.test(arg) ? basename(arg) : arg.replaceAll(/[^,\s]*\/(?=[^/,]+\/[^/,]+(,|$))/g, ''),
    )
    .join(' ');
}

export interface Measured {
  readonly dense: Accuracy;
  readonly lookup: Accuracy;
}

/** The path from data to card with a few updates of everything: shows that each step works, and nothing else. */
function quick(model: ShippedModel): ShippedModel {
  const short = (args: readonly string[]) =>
    args.filter((arg, i) => !FULL.includes(arg) && !FULL.includes(args[i - 1]!));
  const lookup = [...short(model.lookup), ...QUICK_SAMPLES];
  return {
    ...model,
    dense: model.dense.map((args) => [...short(args), ...QUICK_DENSE]),
    lookup: model.lookupCommand === 'train' ? [...lookup, ...QUICK_DENSE] : lookup,
  };
}

export interface TrainOptions {
  /** Go on from checkpoints and keep what is done. */
  readonly resume: boolean;
  /** Try the path out: next to no work, results in a folder of their own. */
  readonly quick: boolean;
  /** Added to the training commands, and to the measuring ones. */
  readonly flags?: readonly string[];
  readonly test?: readonly string[];
}

/** Trains and measures a model into `<folder>/<id>.onnx` and `.lut.onnx`. */
export function trainAndMeasure(wanted: ShippedModel, folder: string, options: TrainOptions) {
  const { resume, flags = [], test = [] } = options;
  const model = options.quick ? quick(wanted) : wanted;
  for (const path of [folder, WORK]) mkdirSync(path, { recursive: true });
  const [dense, lookup] = [join(folder, `${model.id}.onnx`), join(folder, `${model.id}.lut.onnx`)];
  const data = ['--data', model.training.join(',')];
  // The folder of shipped models holds nothing else.
  const beside = (path: string) => (path.startsWith(WORK) ? path : join(WORK, path.replaceAll('/', '-')));
  const kept = (path: string) => `${beside(path)}.checkpoint`;
  const train = (out: string, args: readonly string[]) => {
    const checkpoint = kept(out);
    const goOn = resume && existsSync(checkpoint) ? ['--resume'] : [];
    const report = `${beside(out)}.html`;
    const own = [...args, ...data, '-o', out, ...flags];
    lutra('train', ...own, '--checkpoint', checkpoint, '--report', report, ...goOn);
    return `npx lutra train ${shown([...args, ...data, '-o', out.split('/').at(-1)!, ...flags])}`;
  };
  const convert = () => {
    const args = ['convert', dense, ...model.lookup, '-o', lookup, '--calibration', model.training[0]!];
    lutra(...args);
    return `npx lutra ${shown(args)}`;
  };
  const stage = (i: number) =>
    i === model.dense.length - 1 ? dense : join(WORK, `${options.quick ? 'quick-' : ''}${model.id}-stage${i + 1}.onnx`);
  const commands = [
    ...model.dense.map((args, i) => train(stage(i), i === 0 ? args : [...args, '--from', kept(stage(i - 1))])),
    model.lookupCommand === 'convert' ? convert() : train(lookup, [dense, ...model.lookup]),
  ];
  const evaluate = (path: string) => lutra<Accuracy>('eval', path, '--data', model.test.path, ...test);
  return { commands, dense: evaluate(dense), lookup: evaluate(lookup) };
}

function work({ layers }: Inspected): string {
  const sum = (chosen: readonly Layer[], field: 'macs' | 'searchMacs' | 'lookups') =>
    chosen.reduce((total, layer) => total + layer[field], 0);
  const search = sum(layers, 'searchMacs');
  const flops = 2 * (sum(layers, 'macs') - search);
  if (sum(layers, 'lookups') === 0) return `${mega(flops)} MFLOP`;
  return `${mega(flops)} MFLOP, ${mega(search)} M 8-bit multiply-adds of search, ${mega(sum(layers, 'lookups'))} M lookups`;
}

/** Rows about every layer that the conversion looked at. */
function layerRows({ metadata }: Inspected, dense: Inspected): string[] {
  interface Converted {
    readonly name: string;
    readonly family?: string;
    readonly geometry?: { readonly kind: string; readonly channels: number; readonly centroids: number };
  }
  const { layers = [] } = JSON.parse(metadata[METADATA.calibration] ?? '{}') as { layers?: readonly Converted[] };
  return dense.layers
    .filter(({ op }) => op === 'Conv' || op === 'Gemm' || op === 'MatMul')
    .map(({ name, macs }) => {
      const { geometry, family = 'dense' } = layers.find((layer) => layer.name === name) ?? {};
      const form = geometry ? `${geometry.kind}, g = ${geometry.channels}, K = ${geometry.centroids}` : family;
      return `| ${name} | ${form} | ${mega(macs)} |`;
    });
}

/** What became of every layer, where the conversion wrote it into the file. */
function layerTable(after: Inspected, before: Inspected): string {
  if (after.metadata[METADATA.calibration] === undefined) return '';
  return `
| layer | form | M multiply-adds of the dense layer |
|---|---|---|
${layerRows(after, before).join('\n')}
`;
}

/** Writes the card of a model whose two files lie in `folder`. `how` tells how it was made, in Markdown. */
export function writeCard(
  model: Pick<ShippedModel, 'id' | 'title' | 'description' | 'licence' | 'test'>,
  measured: Measured,
  how: string,
  folder = OUT,
): void {
  const [dense, lookup] = [join(folder, `${model.id}.onnx`), join(folder, `${model.id}.lut.onnx`)];
  const [before, after] = [dense, lookup].map((path) => lutra<Inspected>('inspect', path)) as [Inspected, Inspected];
  const card = `# ${model.title}

${model.description}

| | dense original | lookup |
|---|---|---|
| file | ${model.id}.onnx, ${kilobytes(dense)} | ${model.id}.lut.onnx, ${kilobytes(lookup)} |
| accuracy on ${model.test.name} (${measured.dense.n} examples) | ${percent(measured.dense)} | ${percent(measured.lookup)} |
| work per example | ${work(before)} | ${work(after)} |

${how}

Accuracy: \`${model.test.command ?? `npx lutra eval ${model.id}.lut.onnx --data ${model.test.name}`}\`.
${layerTable(after, before)}
**Data and licence.** ${model.licence}
`;
  writeFileSync(join(folder, `${model.id}.md`), card);
}

/** Adds a model to the manifest, or replaces its entry. */
export function writeManifest(
  { id, title, task, pad, training, test }: Pick<ShippedModel, 'id' | 'title' | 'task' | 'pad' | 'training' | 'test'>,
  folder = OUT,
): void {
  const manifest = join(folder, 'models.json');
  const entries = existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as ManifestEntry[]) : [];
  // With its folder: the data have no fixed place.
  const named = (path: string) => join(basename(dirname(path)), basename(path));
  const entry = {
    ...{ id, title, task, lut: `${id}.lut.onnx`, dense: `${id}.onnx`, card: `${id}.md`, pad },
    training: training.filter((path) => !path.startsWith(WORK)).map(named),
    test: { data: named(test.path), ...(test.speaker === undefined ? {} : { speaker: test.speaker }) },
  };
  const at = entries.findIndex((old) => old.id === id);
  if (at < 0) entries.push(entry);
  else entries[at] = entry;
  writeFileSync(manifest, `${JSON.stringify(entries, null, 2)}\n`);
}

/** The models of a script that `--only` asks for; ends the program, naming the ids there are, when that is none. */
export function chosenModels(models: readonly ShippedModel[], only: string | undefined): readonly ShippedModel[] {
  const chosen = models.filter(({ id }) => only === undefined || id === only);
  if (chosen.length > 0) return chosen;
  console.error(`--only must be one of ${models.map(({ id }) => id).join(', ')}, not "${only}"`);
  process.exit(2);
}

/**
 * Trains, measures and documents one model.
 * @param elsewhere accuracies to print instead, where the test data are part of the training data
 */
export function buildModel(
  model: ShippedModel,
  options: Pick<TrainOptions, 'resume' | 'quick'>,
  elsewhere?: Measured,
): void {
  const folder = options.quick ? QUICK : OUT;
  const { commands, ...own } = trainAndMeasure(model, folder, options);
  const then =
    model.lookupCommand === 'convert'
      ? 'then its conversion, which needs no labels'
      : 'then its lookups, by the logits of the dense network';
  const how = `**Training.** From scratch, without Python. ${model.chosen ?? 'Nothing was chosen on test data.'} First the dense network, by labels, ${then}:

    ${commands.join('\n    ')}`;
  writeCard(model, elsewhere ?? own, how, folder);
  writeManifest(model, folder);
  console.log(`${join(folder, `${model.id}.md`)} tells of the models that lie beside it`);
}

/** Takes over a model that was trained elsewhere: copies, measures and documents it. `how` tells how it was made, in Markdown. */
export function adoptModel(
  model: Omit<ShippedModel, 'dense' | 'lookup' | 'lookupCommand'>,
  dense: string,
  lookup: string,
  quick: boolean,
  how: string,
): void {
  const folder = quick ? QUICK : OUT;
  mkdirSync(folder, { recursive: true });
  const [first, second] = [join(folder, `${model.id}.onnx`), join(folder, `${model.id}.lut.onnx`)];
  copyFileSync(dense, first);
  copyFileSync(lookup, second);
  const evaluate = (path: string) => lutra<Accuracy>('eval', path, '--data', model.test.path);
  writeCard(model, { dense: evaluate(first), lookup: evaluate(second) }, how, folder);
  writeManifest(model, folder);
}
