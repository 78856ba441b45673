import { access, constants, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { seededRandom } from '../../convert/random.js';
import type { ConvertOptions, ConvertProgress, ConvertReport, GeometryOptions } from '../../convert/types.js';
import { calibrationFeeds, datasetSource } from '../../data/calibration-feeds.js';
import { openDataset } from '../../data/node-open.js';
import { LutraError } from '../../errors.js';
import { METADATA } from '../../graph/metadata.js';
import type { Graph } from '../../graph/types.js';
import { parseModel } from '../../onnx/parse.js';
import { serializeModel, withContentHash } from '../../onnx/serialize.js';
import { loadBytes } from '../../session/load.js';
import { type Arguments, type Command, UsageError } from '../arguments.js';
import { formatBytes, formatTable, print, printJson, warn } from '../output.js';
import { type ModelFacts, PREPROCESS_FLAGS, resolveLabels, resolvePreprocess } from '../preprocess-flags.js';
import { Progress } from '../progress.js';

const DEFAULT_SAMPLES = 1000;
const DEFAULT_SEED = 1;
const CENTROIDS = ['8', '16', '32', '64'] as const;
/** g where only --geometry is given: LUT-NN's choice for patches, the best of the lab for the others. */
const DEFAULT_GROUP = { patch: 1, row: 1, pixel: 4 } as const;

function geometryOptions(args: Arguments): GeometryOptions {
  const kind = args.choice('geometry', ['patch', 'row', 'pixel']);
  const group = args.integer('group', 1, 64);
  const pointwise = args.integer('pointwise', 1, 64);
  const linear = args.integer('linear', 1, 256);
  if (group && !kind) throw new UsageError('--group needs --geometry');
  return {
    ...(kind ? { conv: { kind, channels: group ?? DEFAULT_GROUP[kind] } } : {}),
    ...(pointwise ? { pointwise } : {}),
    ...(linear ? { linear } : {}),
  };
}

/** Conversion options that flags give; whatever is left out keeps the converter's default. */
function convertOptions(args: Arguments): ConvertOptions {
  const centroids = args.choice('k', CENTROIDS);
  const encoder = args.choice('encoder', ['centroid', 'tree']);
  if (encoder === 'tree' && centroids !== undefined && centroids !== '16')
    throw new UsageError('--encoder tree needs --k 16');
  const layers = args.list('layers');
  const exclude = args.list('exclude');
  const optimize = args.choice('optimize', ['speed', 'balanced', 'accuracy']);
  const maxDrop = args.number('max-drop', { min: 0, max: 100 });
  const maxBytes = args.bytes('max-size');
  if (maxBytes !== undefined && maxDrop !== undefined) throw new UsageError('give either --max-size or --max-drop');
  const stem = args.choice('stem', ['float', 'integer']);
  const preset = layers?.length === 1 && (layers[0] === 'default' || layers[0] === 'all') ? layers[0] : undefined;
  return {
    geometry: geometryOptions(args),
    seed: args.integer('seed', 0, 2 ** 32 - 1) ?? DEFAULT_SEED,
    ...(centroids ? { centroids: Number(centroids) } : {}),
    ...(encoder ? { encoder } : {}),
    ...(layers ? { layers: preset ?? layers } : {}),
    ...(exclude ? { exclude } : {}),
    ...(optimize ? { optimize } : {}),
    ...(maxDrop !== undefined ? { maxDrop } : {}),
    ...(maxBytes !== undefined ? { maxBytes } : {}),
    ...(stem ? { stem } : {}),
  };
}

/** Shows the layer at work as a bar and every finished layer as a line. */
function progressReporter(progress: Progress): (event: ConvertProgress) => void {
  let last = '';
  let attemptShown = 1;
  let furthest = 0;
  return ({ stage, layer, index, layers, fraction, relativeError, attempt }) => {
    const name = layer ?? (stage === 'survey' ? 'comparing geometries' : stage);
    if (relativeError !== undefined && last !== `${attempt} ${name}`) {
      last = `${attempt} ${name}`;
      progress.line(
        `  ${String(index + 1).padStart(3)}/${layers}  ${name}  relative error ${relativeError.toFixed(4)}`,
      );
    }
    const detail = attempt > 1 ? `${name}, attempt ${attempt}` : name;
    if (attempt !== attemptShown) furthest = 0;
    attemptShown = attempt;
    // Fitting a layer takes several passes, each of which counts from 0 again; the bar only moves forward.
    if (stage === 'layer' && layers > 0) furthest = Math.max(furthest, (index + fraction) / layers);
    progress.update(furthest, detail);
  };
}

/** Finds out before minutes of work what would make them useless. */
async function checkFolder(out: string): Promise<void> {
  await access(dirname(out), constants.W_OK).catch((cause: Error) => {
    throw new LutraError('INVALID_ARGUMENT', `${out} cannot be written: ${cause.message}`, { cause });
  });
}

async function calibrate(graph: Graph, args: Arguments, facts: ModelFacts, metadata: Readonly<Record<string, string>>) {
  const data = args.required('calibration', 'give pictures or arrays like those the network will see');
  const samples = args.integer('samples', 1) ?? DEFAULT_SAMPLES;
  const options = convertOptions(args);
  await checkFolder(args.required('out', 'give the file to write'));
  const { spec, assumed } = resolvePreprocess(args, facts);
  const labels = await resolveLabels(args, facts);
  const dataset = await openDataset(data, labels ? { labels } : {});
  if (assumed) warn('the model does not store its preprocessing; assuming byte / 255 (see --scale, --mean, --std)');
  const wanted = args.choice('mirror', ['yes', 'no']) === 'yes';
  if (wanted && spec?.kind !== 'image') throw new UsageError('--mirror needs a network that takes pictures');
  const { calibration } = calibrationFeeds(datasetSource(dataset, spec), {
    samples,
    random: seededRandom(options.seed ?? DEFAULT_SEED),
    batch: facts.dims?.[0],
    mirror: wanted && spec?.kind === 'image' ? spec.layout : undefined,
  });
  if (dataset.count < samples && args.has('samples')) warn(`${data} holds only ${dataset.count} examples`);
  // Loaded here, so that the other commands start without the converter.
  const { convert } = await import('../../convert/index.js');
  const progress = new Progress('converting');
  try {
    return await convert(
      graph,
      calibration,
      { ...options, metadata, description: dataset.description },
      { onProgress: progressReporter(progress) },
    );
  } finally {
    progress.clear();
  }
}

function summary(report: ConvertReport): string {
  const rows = report.layers.map((layer) => [
    layer.name,
    layer.op,
    layer.form ?? `dense (${layer.reason ?? 'kept'})`,
    layer.relativeError?.toFixed(4) ?? '',
    formatBytes(layer.weightBytes),
    layer.tableBytes > 0 ? formatBytes(layer.tableBytes) : '',
    (layer.denseFlops / 1e6).toFixed(2),
    layer.converted ? (layer.lookups / 1e6).toFixed(2) : '',
  ]);
  const header = ['layer', 'operator', 'form', 'error', 'weights', 'tables', 'MFLOP', 'M lookups'];
  const table = formatTable(header, rows, [false, false, false, true, true, true, true, true]);
  const { converted, weightBytesBefore, weightBytesAfter, flopsBefore, flopsAfter, searchMacs, lookups } =
    report.totals;
  const lines = [
    table,
    '',
    `${converted} of ${report.layers.length} layers converted in ${report.seconds.toFixed(1)} s with ${report.examples} examples`,
    `weights ${formatBytes(weightBytesBefore)} → ${formatBytes(weightBytesAfter)}; ${(flopsBefore / 1e6).toFixed(1)} → ${(flopsAfter / 1e6).toFixed(1)} MFLOP + ${(searchMacs / 1e6).toFixed(1)} M search MACs + ${(lookups / 1e6).toFixed(1)} M lookups`,
  ];
  const { heldOut } = report;
  if (heldOut) {
    lines.push(
      `on ${heldOut.examples} held-out calibration examples: same answer as the dense network ${heldOut.agreement.toFixed(1)} %`,
    );
    if (heldOut.denseAccuracy !== undefined && heldOut.convertedAccuracy !== undefined) {
      lines.push(
        `accuracy there: dense ${heldOut.denseAccuracy.toFixed(1)} %, converted ${heldOut.convertedAccuracy.toFixed(1)} %`,
      );
    }
  }
  return lines.join('\n');
}

export const convertCommand: Command = {
  name: 'convert',
  summary: 'Replace the layers of a trained network by table lookups, without training.',
  positionals: ['<model.onnx>'],
  flags: [
    { name: 'out', short: 'o', value: '<file>', help: 'file to write the converted model to' },
    {
      name: 'calibration',
      value: '<path>',
      help: 'folder or .tar(.gz) of pictures or WAVs in class folders, .ulaw(.gz), CIFAR-10 .bin(.gz), MNIST IDX images(.gz), .npz or .npy',
    },
    {
      name: 'samples',
      value: '<n>',
      help: `examples to use, drawn evenly from all classes (default: ${DEFAULT_SAMPLES})`,
    },
    {
      name: 'mirror',
      value: '<yes|no>',
      help: 'use a mirrored copy of every picture, too: slower, a little closer to the network (default: no)',
    },
    {
      name: 'optimize',
      value: '<goal>',
      help: 'speed, balanced or accuracy: what geometry and K are chosen for (default: balanced)',
    },
    {
      name: 'max-size',
      value: '<size>',
      help: 'largest file, such as 4MB: geometry and K of all layers are chosen together for the least error in it',
    },
    { name: 'max-drop', value: '<points>', help: 'convert as many layers as fit within this loss of accuracy' },
    {
      name: 'stem',
      value: '<kind>',
      help: 'float, or integer: 7-bit inputs and int8 weights for the first convolution (default: integer with --optimize speed)',
    },
    { name: 'k', value: '<n>', help: 'centroids per codebook: 8, 16, 32 or 64 (default: chosen per layer)' },
    {
      name: 'geometry',
      value: '<kind>',
      help: 'codebook window of convolutions: patch, row or pixel (default: chosen per layer)',
    },
    { name: 'group', value: '<g>', help: 'channels per codebook with --geometry (default: patch 1, row 1, pixel 4)' },
    { name: 'pointwise', value: '<g>', help: 'channels per codebook of 1×1 convolutions (default: chosen per layer)' },
    { name: 'linear', value: '<g>', help: 'inputs per codebook of Gemm and MatMul (default: chosen per layer)' },
    {
      name: 'encoder',
      value: '<kind>',
      help: 'centroid, or tree (MADDNESS: faster, less accurate) (default: centroid)',
    },
    {
      name: 'layers',
      value: '<names>',
      help: 'default, all, none (only stores preprocessing and labels in the file), or names with commas',
    },
    { name: 'exclude', value: '<names>', help: 'layers to keep dense, names with commas' },
    { name: 'seed', value: '<n>', help: `the same seed gives the same model (default: ${DEFAULT_SEED})` },
    ...PREPROCESS_FLAGS,
  ],
  examples: [
    'lutra convert net.onnx -o lut.onnx --calibration train.tar.gz --samples 1000',
    'lutra convert net.onnx -o lut.onnx --calibration train/ --optimize accuracy --max-drop 2',
    'lutra convert net.onnx -o lut.onnx --calibration train/ --optimize accuracy --max-size 4MB',
    'lutra convert net.onnx -o lut.onnx --calibration train/ --geometry patch --k 16 --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26',
    'lutra convert net.onnx -o dense.onnx --layers none --labels labels.json',
  ],

  async run(args) {
    const out = args.required('out', 'give the file to write, -o out.onnx');
    const path = args.positionals[0]!;
    const graph = parseModel(await loadBytes(path));
    const facts: ModelFacts = { metadata: graph.metadata, dims: graph.inputs[0]?.dims };
    const { spec } = resolvePreprocess(args, facts);
    const labels = await resolveLabels(args, facts);
    const metadata = {
      ...graph.metadata,
      [METADATA.version]: '1',
      ...(spec ? { [METADATA.preprocess]: JSON.stringify(spec) } : {}),
      ...(labels ? { [METADATA.labels]: JSON.stringify(labels) } : {}),
    };
    const none = args.text('layers') === 'none';
    const result = none ? undefined : await calibrate(graph, args, facts, metadata);
    const bytes = serializeModel(await withContentHash(result?.graph ?? { ...graph, metadata }));
    await writeFile(out, bytes).catch((cause: Error) => {
      throw new LutraError('INVALID_ARGUMENT', `${out} cannot be written: ${cause.message}`, { cause });
    });
    if (result?.report.totals.converted === 0) warn('no layer was converted: the file is the dense network');
    if (args.has('json')) {
      printJson({ file: out, bytes: bytes.length, ...result?.report });
      return;
    }
    if (result) print(summary(result.report));
    print(`${out}  ${formatBytes(bytes.length)}`);
  },
};
