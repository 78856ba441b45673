import { LutraError } from '../errors.js';
import { METADATA } from '../graph/metadata.js';
import { raiseOpset } from '../graph/passes/raise-opset.js';
import { simplify } from '../graph/passes/simplify.js';
import { readValues } from '../graph/topology.js';
import type { Graph } from '../graph/types.js';
import { CODED_FIT } from '../lut/coded/fit/index.js';
import { LOOKUP_DOMAIN, LOOKUP_OPSET } from '../lut/domain.js';
import { FAMILY_FITS } from '../lut/fit.js';
import { INTEGER_FIT } from '../lut/integer/fit.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';
import { extendRuntime } from '../plan/runtime.js';
import { compareOutputs } from './agreement.js';
import { readCalibration } from './calibration.js';
import { type DenseLayer, findDenseLayers } from './dense-layers.js';
import type { FamilyFit } from './family-fit.js';
import { type ConversionTask, LayerwiseConversion } from './layerwise.js';
import { differenceOf, logitsFrom, readLogits } from './logits.js';
import { checkOptions } from './option-schema.js';
import { integerStem, isPlanned } from './options.js';
import { type Forms, type MeasuredAttempt, NetworkPlan } from './planned.js';
import { createProgress } from './progress.js';
import { describeLayers, sumTotals } from './report.js';
import { runNodes } from './segment.js';
import { checkNames, isPlannable, selectLayers } from './select.js';
import { measureSizes } from './sizes.js';
import type {
  AgreementReport,
  Calibration,
  ConvertControl,
  ConvertOptions,
  ConvertProgress,
  ConvertReport,
  ConvertResult,
  LayerReport,
  PlanReport,
} from './types.js';

/** Share of the examples kept out of fitting: to measure, and more of them where a measurement decides. */
const HELD_OUT = 1 / 8;
const HELD_OUT_FOR_SEARCH = 1 / 3;

interface Attempt extends MeasuredAttempt {
  readonly conversion: LayerwiseConversion;
  readonly heldOut: AgreementReport | undefined;
}

/**
 * Replaces layers of a network by table lookups without training: layers in order, each fitted in closed form to the dense layer's
 * output with inputs from the part already replaced. After LUT-NN (Tang et al. 2023) and MADDNESS (Blalock & Guttag 2021, §4.2).
 *
 * @param graph a parsed model, not optimized
 * @param calibration representative inputs; labels are used to measure only
 * @returns the converted graph, ready to serialize, and what was done and measured
 * @throws LutraError `INVALID_DATA` (calibration data that is empty, does not fit or holds NaN), `INVALID_ARGUMENT` (options; a `maxBytes` that no
 * geometry fits in),
 * `UNSUPPORTED` (the dense network does not run here, or cannot be raised to opset 13), `ABORTED`
 */
export async function convert(
  graph: Graph,
  calibration: Calibration,
  options: ConvertOptions = {},
  control: ConvertControl = {},
): Promise<ConvertResult> {
  const started = performance.now();
  checkOptions(options);
  // Function bodies of lookup operators need a newer default opset than many networks have.
  const simplified = raiseOpset(simplify(graph, COMPLETE_RUNTIME.operators), COMPLETE_RUNTIME.operators);
  const data = await readCalibration(simplified, calibration, control);
  const layers = findDenseLayers(simplified);
  const sizes = await measureSizes(simplified, layers, data.batches[0]!);
  const known = [...FAMILY_FITS, ...(control.families ?? []).map(({ fit }) => fit)];
  const planned = isPlanned(options);
  const fitShare = 1 - (planned ? HELD_OUT_FOR_SEARCH : HELD_OUT);
  const runtime = (control.families ?? []).reduce(extendRuntime, COMPLETE_RUNTIME);
  const task: ConversionTask = { graph: simplified, layers, sizes, batches: data.batches, fitShare, options, runtime };
  const best = planned
    ? await convertPlanned(task, known, data.labels, control)
    : await convertSelected(task, known, data.labels, control);
  const { kept } = best;
  const { optimize = 'balanced' } = options;
  const described = describeLayers(layers, sizes, kept, best.conversion.replaced);
  const totals = sumTotals(described);
  const report: ConvertReport = {
    examples: data.examples,
    seed: options.seed ?? 1,
    optimize,
    ...(options.description === undefined ? {} : { description: options.description }),
    layers: described,
    ...(best.heldOut ? { heldOut: best.heldOut } : {}),
    ...(best.plan ? { plan: best.plan } : {}),
    warnings: [...(best.warnings ?? []), ...generalWarnings(totals, planned ? undefined : described)],
    totals,
    seconds: (performance.now() - started) / 1000,
  };
  return { graph: assemble(simplified, best.conversion, options, report), report };
}

interface Converted extends Attempt {
  readonly kept: ReadonlyMap<DenseLayer, NonNullable<LayerReport['reason']>>;
  readonly plan?: PlanReport;
  readonly warnings?: readonly string[];
}

/** Replaces the layers that the options select. */
async function convertSelected(
  task: ConversionTask,
  known: readonly FamilyFit[],
  labels: ArrayLike<number> | undefined,
  control: ConvertControl,
): Promise<Converted> {
  const { graph, layers, sizes, options } = task;
  const family = familyNamed(options.family ?? CODED_FIT.name, known);
  const { selected, kept } = selectLayers(graph, layers, sizes, options, family);
  const stem = (layer: DenseLayer) => layer.first && integerStem(options) && INTEGER_FIT.accepts(layer);
  const families = layers.flatMap((layer): [DenseLayer, FamilyFit][] =>
    selected.includes(layer) ? [[layer, family]] : stem(layer) ? [[layer, INTEGER_FIT]] : [],
  );
  return { kept, ...(await attemptConversion(task, new Map(families), labels, control, 1)) };
}

/** Plans what becomes of all layers together. */
async function convertPlanned(
  task: ConversionTask,
  known: readonly FamilyFit[],
  labels: ArrayLike<number> | undefined,
  control: ConvertControl,
): Promise<Converted> {
  const { graph, layers, options } = task;
  const families = options.family === undefined ? known : [familyNamed(options.family, known)];
  checkNames(graph, layers, options, (layer) => families.some((family) => family.accepts(layer)));
  const familiesOf = (layer: DenseLayer) =>
    isPlannable(layer, options) ? families.filter((family) => family.accepts(layer)) : [];
  const { report, progress } = progressOf(control, 0, 1, { stage: 'survey', index: 0 });
  report(0);
  const output = graph.outputs[0]?.name ?? '';
  const dense = await runNodes(graph, graph.nodes, { batches: task.batches }, new Set([output]), progress);
  const logits = readLogits(dense, output);
  const first = firstHeldOut(task);
  const answers = logits && { logits: logitsFrom(logits, first), labels: labels && Array.from(labels).slice(first) };
  const run = async (forms: Forms, attempt: number) => {
    const chosen = new Map([...forms].map(([layer, { family }]) => [layer, family]));
    return attemptConversion(task, chosen, labels, control, attempt, forms);
  };
  const network = await NetworkPlan.create(task, familiesOf, answers, run, progress);
  const { attempt, plan, warnings } = await network.convert();
  const reasonOf = (layer: DenseLayer) =>
    familiesOf(layer).length > 0 ? 'plan' : isPlannable(layer, options) ? 'unsupported' : 'excluded';
  const kept = new Map(layers.map((layer) => [layer, reasonOf(layer)] as const));
  return { ...attempt, kept, plan, warnings };
}

/** Of any conversion. @param layers whose times the cost models compare; a plan says that itself */
function generalWarnings(totals: ConvertReport['totals'], layers: readonly LayerReport[] | undefined): string[] {
  const warnings: string[] = [];
  const sum = (read: (layer: LayerReport) => number) => layers!.reduce((total, layer) => total + read(layer), 0);
  const converted = (layer: LayerReport) => (layer.converted ? layer.lookupNanoseconds : layer.denseNanoseconds);
  if (layers && totals.converted > 0 && sum(converted) >= sum((layer) => layer.denseNanoseconds)) {
    warnings.push('The cost models expect no speedup from this conversion.');
  }
  if (totals.weightBytesAfter > totals.weightBytesBefore) {
    const times = (totals.weightBytesAfter / totals.weightBytesBefore).toFixed(1);
    warnings.push(`The file becomes larger: tables and weights take ${times} times as much as the weights did.`);
  }
  return warnings;
}

function familyNamed(name: string, families: readonly FamilyFit[]): FamilyFit {
  const found = families.find((family) => family.name === name);
  if (found) return found;
  throw new LutraError('INVALID_ARGUMENT', 'option "family" is wrong', {
    expected: families.map((family) => family.name).join(' | '),
    actual: name,
  });
}

/** Index of the first example that is not fitted to. */
function firstHeldOut({ batches, fitShare }: ConversionTask): number {
  const examples = batches.reduce((sum, live) => sum + live.values().next().value!.dims[0]!, 0);
  return Math.min(examples - 1, Math.floor(examples * fitShare));
}

function progressOf(
  { signal, onProgress }: ConvertControl,
  layers: number,
  attempt: number,
  at: Omit<ConvertProgress, 'fraction' | 'layers' | 'attempt'>,
) {
  const report = (fraction: number, more = {}) => onProgress?.({ ...at, ...more, layers, attempt, fraction });
  return { report, progress: createProgress(signal, report) };
}

async function attemptConversion(
  task: ConversionTask,
  families: ReadonlyMap<DenseLayer, FamilyFit>,
  labels: ArrayLike<number> | undefined,
  control: ConvertControl,
  attempt: number,
  planned?: Forms,
): Promise<Attempt> {
  const conversion = new LayerwiseConversion(task, families, planned);
  const at = (place: Omit<ConvertProgress, 'fraction' | 'layers' | 'attempt'>) =>
    progressOf(control, families.size, attempt, place);
  await conversion.begin(at({ stage: 'survey', index: 0 }).progress);
  for (const [index, layer] of [...families.keys()].entries()) {
    const { report, progress } = at({ stage: 'layer', layer: layer.node.name, index });
    report(0);
    await progress(0);
    const { relativeError } = await conversion.replace(layer, progress);
    report(1, { relativeError });
  }
  const { report, progress } = at({ stage: 'evaluate', index: families.size });
  const { dense, converted } = await conversion.finish(progress);
  const first = firstHeldOut(task);
  const output = task.graph.outputs[0]?.name ?? '';
  const heldOut = compareOutputs(dense, converted, output, first, labels);
  const [before, after] = [readLogits(dense, output), readLogits(converted, output)];
  const held = labels && Array.from(labels).slice(first);
  const difference = before && after && differenceOf(logitsFrom(before, first), logitsFrom(after, first), held);
  report(1);
  return { conversion, heldOut, difference };
}

function assemble(
  graph: Graph,
  { nodes, initializers: constants }: LayerwiseConversion,
  options: ConvertOptions,
  report: ConvertReport,
): Graph {
  const read = new Set([...nodes.flatMap(readValues), ...graph.outputs.map(({ name }) => name)]);
  const initializers = new Map([...graph.initializers, ...constants].filter(([name]) => read.has(name)));
  const { examples, seed, optimize, description, layers } = report;
  const facts = {
    ...(description === undefined ? {} : { description }),
    examples,
    seed,
    optimize,
    layers: layers
      .filter(({ converted }) => converted)
      .map(({ name, family, geometry, relativeError }) => ({ name, family, geometry, relativeError })),
  };
  return {
    ...graph,
    opset: { ...graph.opset, [LOOKUP_DOMAIN]: LOOKUP_OPSET },
    nodes,
    initializers,
    metadata: {
      ...graph.metadata,
      ...options.metadata,
      [METADATA.version]: String(LOOKUP_OPSET),
      [METADATA.calibration]: JSON.stringify(facts),
    },
  };
}
