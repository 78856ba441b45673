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
import { compareOutputs, measuredDrop } from './agreement.js';
import { readCalibration } from './calibration.js';
import { type DenseLayer, findDenseLayers } from './dense-layers.js';
import type { FamilyFit } from './family-fit.js';
import { type ConversionTask, LayerwiseConversion } from './layerwise.js';
import { checkOptions } from './option-schema.js';
import { integerStem } from './options.js';
import { createProgress } from './progress.js';
import { describeLayers, sumTotals } from './report.js';
import { selectLayers } from './select.js';
import { measureSizes } from './sizes.js';
import type {
  AgreementReport,
  Calibration,
  ConvertControl,
  ConvertFamily,
  ConvertOptions,
  ConvertProgress,
  ConvertReport,
  ConvertResult,
} from './types.js';

/** Share of the examples kept out of fitting: to measure, and more of them where a measurement decides. */
const HELD_OUT = 1 / 8;
const HELD_OUT_FOR_SEARCH = 1 / 3;

interface Attempt {
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
  const family = familyNamed(options.family ?? CODED_FIT.name, control.families);
  const { selected, kept } = selectLayers(simplified, layers, sizes, options, family);
  const fitShare = 1 - (options.maxDrop === undefined ? HELD_OUT : HELD_OUT_FOR_SEARCH);
  const runtime = (control.families ?? []).reduce(extendRuntime, COMPLETE_RUNTIME);
  const task: ConversionTask = { graph: simplified, layers, sizes, batches: data.batches, fitShare, options, runtime };
  const run = (chosen: readonly DenseLayer[], attempt: number) => {
    const stem = (layer: DenseLayer) => layer.first && integerStem(options) && INTEGER_FIT.accepts(layer);
    const families = layers.flatMap((layer): [DenseLayer, FamilyFit][] =>
      chosen.includes(layer) ? [[layer, family]] : stem(layer) ? [[layer, INTEGER_FIT]] : [],
    );
    return attemptConversion(task, new Map(families), data.labels, control, attempt);
  };
  const { maxDrop, optimize = 'balanced' } = options;
  const best = maxDrop === undefined ? await run(selected, 1) : await searchWithinDrop(selected, maxDrop, run);
  const described = describeLayers(layers, sizes, kept, best.conversion.replaced);
  const report: ConvertReport = {
    examples: data.examples,
    seed: options.seed ?? 1,
    optimize,
    ...(options.description === undefined ? {} : { description: options.description }),
    layers: described,
    ...(best.heldOut ? { heldOut: best.heldOut } : {}),
    totals: sumTotals(described),
    seconds: (performance.now() - started) / 1000,
  };
  return { graph: assemble(simplified, best.conversion, options, report), report };
}

function familyNamed(name: string, more: readonly ConvertFamily[] = []): FamilyFit {
  const families = [...FAMILY_FITS, ...more.map(({ fit }) => fit)];
  const found = families.find((family) => family.name === name);
  if (found) return found;
  throw new LutraError('INVALID_ARGUMENT', 'option "family" is wrong', {
    expected: families.map((family) => family.name).join(' | '),
    actual: name,
  });
}

async function attemptConversion(
  task: ConversionTask,
  families: ReadonlyMap<DenseLayer, FamilyFit>,
  labels: ArrayLike<number> | undefined,
  { signal, onProgress }: ConvertControl,
  attempt: number,
): Promise<Attempt> {
  const conversion = new LayerwiseConversion(task, families);
  const progressOf = (at: Omit<ConvertProgress, 'fraction' | 'layers' | 'attempt'>) => {
    const report = (fraction: number, more = {}) =>
      onProgress?.({ ...at, ...more, layers: families.size, attempt, fraction });
    return { report, progress: createProgress(signal, report) };
  };
  await conversion.begin(progressOf({ stage: 'survey', index: 0 }).progress);
  for (const [index, layer] of [...families.keys()].entries()) {
    const { report, progress } = progressOf({ stage: 'layer', layer: layer.node.name, index });
    report(0);
    await progress(0);
    const { relativeError } = await conversion.replace(layer, progress);
    report(1, { relativeError });
  }
  const { report, progress } = progressOf({ stage: 'evaluate', index: families.size });
  const { dense, converted } = await conversion.finish(progress);
  const examples = task.batches.reduce((sum, live) => sum + live.values().next().value!.dims[0]!, 0);
  const first = Math.min(examples - 1, Math.floor(examples * task.fitShare));
  const heldOut = compareOutputs(dense, converted, task.graph.outputs[0]?.name ?? '', first, labels);
  report(1);
  return { conversion, heldOut };
}

/**
 * As many layers as fit within the drop, by bisection along two orders: from the last layer back, since errors there pass through fewer
 * others, and from the smallest error up. The second is tried only beyond what the first allows.
 */
async function searchWithinDrop(
  selected: readonly DenseLayer[],
  maxDrop: number,
  run: (layers: readonly DenseLayer[], attempt: number) => Promise<Attempt>,
): Promise<Attempt> {
  let attempt = 1;
  const all = await run(selected, attempt);
  const drop = measuredDrop(all.heldOut);
  if (drop === undefined) {
    throw new LutraError('INVALID_ARGUMENT', 'maxDrop needs a network that classifies', {
      expected: 'a first output of type float32 and shape [N, classes]',
      actual: 'another output',
      hint: 'Leave maxDrop out, or choose layers by name',
    });
  }
  if (drop <= maxDrop) return all;
  const error = new Map(all.conversion.replaced.map(({ layer, relativeError }) => [layer, relativeError]));
  let best = await run([], ++attempt);
  let fits = 0;
  for (const order of [[...selected].reverse(), [...selected].sort((a, b) => error.get(a)! - error.get(b)!)]) {
    let fails = order.length;
    while (fails - fits > 1) {
      const count = Math.floor((fits + fails) / 2);
      const subset = new Set(order.slice(0, count));
      const chosen = selected.filter((layer) => subset.has(layer));
      const next = await run(chosen, ++attempt);
      if ((measuredDrop(next.heldOut) ?? Infinity) <= maxDrop) {
        fits = count;
        best = next;
      } else {
        fails = count;
      }
    }
  }
  return best;
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
