import { CALIBRATION_OPTIONS, CONVERT_OPTIONS, CONVERT_RULES, convertOptions } from '../../convert/option-schema.js';
import { seededRandom } from '../../convert/random.js';
import type { ConvertProgress, ConvertReport, PlanReport } from '../../convert/types.js';
import { calibrationFeeds, datasetSource } from '../../data/calibration-feeds.js';
import { openDataset } from '../../data/node-open.js';
import { METADATA, type Preprocess } from '../../graph/metadata.js';
import type { Graph } from '../../graph/types.js';
import { parseModel } from '../../onnx/parse.js';
import { serializeModel, withContentHash } from '../../onnx/serialize.js';
import { choice, type Schema, text, type Values } from '../../option-schema.js';
import { loadBytes } from '../../session/load.js';
import { defineCommand, required, UsageError } from '../command.js';
import { checkFolder, writeOutput } from '../files.js';
import { formatBytes, formatTable, print, printJson, warn } from '../output.js';
import { modelPreprocess, PREPROCESS_OPTIONS, resolveLabels } from '../preprocess-flags.js';
import { Progress } from '../progress.js';

const OPTIONS = {
  out: text('-o, --out <file>', 'file to write the converted model to'),
  calibration: text(
    '--calibration <path>',
    'folder or .tar(.gz) of images or WAVs in class folders, .ulaw(.gz), CIFAR-10 .bin(.gz), MNIST IDX images(.gz), .npz or .npy',
  ),
  ...CALIBRATION_OPTIONS,
  mirror: choice(
    '--mirror <yes|no>',
    ['yes', 'no'],
    'use a mirrored copy of every image, too: slower, a little closer to the network',
    { default: 'no' },
  ),
  ...CONVERT_OPTIONS,
  ...PREPROCESS_OPTIONS,
} satisfies Schema;

type ConvertValues = Values<typeof OPTIONS>;

/** Shows the layer at work as a bar and every finished layer as a line. */
function progressReporter(progress: Progress): (event: ConvertProgress) => void {
  let last = '';
  let attemptShown = 1;
  let furthest = 0;
  return ({ stage, layer, index, layers, fraction, relativeError, attempt }) => {
    const name = layer ?? (stage === 'survey' ? 'comparing forms' : stage);
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

async function calibrate(
  graph: Graph,
  values: ConvertValues,
  spec: Preprocess | undefined,
  labels: readonly string[] | undefined,
  metadata: Readonly<Record<string, string>>,
) {
  const { samples } = values;
  const data = required(values.calibration, '--calibration', 'give images or arrays like those the network will see');
  const dataset = await openDataset(data, labels);
  const wanted = values.mirror === 'yes';
  if (wanted && spec?.kind !== 'image') throw new UsageError('--mirror needs a network that takes images');
  const { calibration } = calibrationFeeds(datasetSource(dataset, spec), {
    samples,
    random: seededRandom(values.seed),
    batch: graph.inputs[0]?.dims?.[0],
    mirror: wanted && spec?.kind === 'image' ? spec.layout : undefined,
  });
  if (dataset.count < samples && samples !== OPTIONS.samples.default)
    warn(`${data} holds only ${dataset.count} examples`);
  // Loaded here, so that the other commands start without the converter.
  const { convert } = await import('../../convert/index.js');
  const progress = new Progress('converting');
  try {
    return await convert(
      graph,
      calibration,
      { ...convertOptions(values), metadata, description: dataset.description },
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
  if (report.plan) lines.push('', planSummary(report.plan));
  return lines.join('\n');
}

const milliseconds = (nanoseconds: number) => `${(nanoseconds / 1e6).toFixed(2)}`;

/** What was predicted beside what was measured, and the curve that the network was chosen from. */
function planSummary({ metric, dense, predicted, measured, points, chosen, attempts }: PlanReport): string {
  const rows = points.map((point, i) => [
    i === chosen ? '→' : '',
    milliseconds(point.nanoseconds),
    point.speedup.toFixed(2),
    point.drop?.toFixed(2) ?? '',
    formatBytes(point.bytes),
    formsInWords(Object.values(point.forms)),
  ]);
  const drop =
    measured && predicted.drop !== undefined
      ? `; points of ${metric} lost: predicted ${predicted.drop.toFixed(2)}, measured ${measured.drop.toFixed(2)} ± ${measured.deviation.toFixed(2)}`
      : '';
  return [
    'networks that could have been chosen, as predicted:',
    formatTable(['', 'ms', 'speedup', 'points lost', 'file', 'layers'], rows, [false, true, true, true, true, false]),
    '',
    `predicted time ${milliseconds(dense.nanoseconds)} → ${milliseconds(predicted.nanoseconds)} ms, ${predicted.speedup.toFixed(2)} times as fast${drop} (conversions tried: ${attempts})`,
  ].join('\n');
}

/** Equal forms together: "3 dense, 2 integers". */
function formsInWords(forms: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const form of forms) counts.set(form, (counts.get(form) ?? 0) + 1);
  return [...counts].map(([form, count]) => `${count} × ${form}`).join(', ');
}

export const convertCommand = defineCommand({
  positionals: ['<model.onnx>'],
  options: OPTIONS,
  rules: CONVERT_RULES,
  examples: [
    'lutra convert net.onnx -o lut.onnx --calibration train.tar.gz --samples 1000',
    'lutra convert net.onnx -o lut.onnx --calibration train/ --max-drop 2',
    'lutra convert net.onnx -o lut.onnx --calibration train/ --speedup 3 --max-size 2MB',
    'lutra convert net.onnx -o int8.onnx --calibration train/ --family integer --layers all',
    'lutra convert net.onnx -o lut.onnx --calibration train/ --optimize accuracy --max-size 4MB',
    'lutra convert net.onnx -o lut.onnx --calibration train/ --geometry patch --k 16 --mean 0.49,0.48,0.45 --std 0.25,0.24,0.26',
    'lutra convert net.onnx -o dense.onnx --layers none --labels labels.json',
  ],

  async run(values, path) {
    const out = required(values.out, '--out', 'give the file to write, -o out.onnx');
    await checkFolder(out);
    const graph = parseModel(await loadBytes(path));
    const facts = { metadata: graph.metadata, dims: graph.inputs[0]?.dims };
    const spec = modelPreprocess(values, facts);
    const labels = await resolveLabels(values, facts);
    const metadata = {
      ...graph.metadata,
      [METADATA.version]: '1',
      ...(spec ? { [METADATA.preprocess]: JSON.stringify(spec) } : {}),
      ...(labels ? { [METADATA.labels]: JSON.stringify(labels) } : {}),
    };
    const none = values.layers?.length === 1 && values.layers[0] === 'none';
    const result = none ? undefined : await calibrate(graph, values, spec, labels, metadata);
    const bytes = serializeModel(await withContentHash(result?.graph ?? { ...graph, metadata }));
    await writeOutput(out, bytes);
    for (const warning of result?.report.warnings ?? []) warn(warning);
    if (result?.report.totals.converted === 0) warn('no layer was converted: the file is the dense network');
    if (values.json) {
      printJson({ file: out, bytes: bytes.length, ...result?.report });
      return;
    }
    if (result) print(summary(result.report));
    print(`${out}  ${formatBytes(bytes.length)}`);
  },
});
