import { LutraError } from '../errors.js';
import { METADATA } from '../graph/metadata.js';
import { raiseOpset } from '../graph/passes/raise-opset.js';
import { simplify } from '../graph/passes/simplify.js';
import { readValues } from '../graph/topology.js';
import type { Graph } from '../graph/types.js';
import { geometriesWithin } from '../lut/coded/fit/budget.js';
import type { Geometry } from '../lut/coded/fit/geometry.js';
import { FitKernels } from '../lut/coded/fit/kernels.js';
import { surveyLayers } from '../lut/coded/fit/survey.js';
import { LOOKUP_DOMAIN, LOOKUP_OPSET } from '../lut/domain.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';
import { compareOutputs, measuredDrop } from './agreement.js';
import type { CalibrationData } from './calibration.js';
import { readCalibration } from './calibration.js';
import type { DenseLayer } from './dense-layers.js';
import { findDenseLayers } from './dense-layers.js';
import { checkOptions } from './option-schema.js';
import { createCheckpoint } from './progress.js';
import { describeLayers, sumTotals } from './report.js';
import { selectLayers } from './select.js';
import { type InputSize, measureSizes } from './sizes.js';
import type {
  AgreementReport,
  Calibration,
  ConvertControl,
  ConvertOptions,
  ConvertProgress,
  ConvertReport,
  ConvertResult,
} from './types.js';
import { type ConvertedLayer, Walk } from './walk.js';

/** Share of the examples kept out of fitting: to measure, and more of them where a measurement decides. */
const HELD_OUT = 1 / 8;
const HELD_OUT_FOR_SEARCH = 1 / 3;

interface Attempt {
  readonly walk: Walk;
  readonly layers: readonly ConvertedLayer[];
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
  const simplified = raiseOpset(simplify(graph, COMPLETE_OPERATORS), COMPLETE_OPERATORS);
  const data = await readCalibration(simplified, calibration, control);
  const sites = findDenseLayers(simplified);
  const sizes = await measureSizes(simplified, sites, data.batches[0]!);
  const { selected, kept } = selectLayers(simplified, sites, sizes, options);
  const kernels = await FitKernels.create();
  const { optimize = 'balanced' } = options;
  const geometries = await geometriesTogether(simplified, selected, sizes, data, options, control);
  const run = (layers: readonly DenseLayer[], attempt: number) =>
    attemptConversion(kernels, simplified, sites, layers, geometries, data, options, control, attempt);
  const chosen =
    options.maxDrop === undefined ? await run(selected, 1) : await searchWithinDrop(selected, options.maxDrop, run);
  const layers = describeLayers(sites, sizes, kept, chosen.layers, options);
  const report: ConvertReport = {
    examples: data.examples,
    seed: options.seed ?? 1,
    optimize,
    ...(options.description === undefined ? {} : { description: options.description }),
    layers,
    ...(chosen.heldOut ? { heldOut: chosen.heldOut } : {}),
    totals: sumTotals(layers),
    seconds: (performance.now() - started) / 1000,
  };
  return { graph: assemble(simplified, chosen.walk, options, report), report };
}

/** Geometries that depend on each other, since together they must not exceed a size. */
async function geometriesTogether(
  graph: Graph,
  layers: readonly DenseLayer[],
  sizes: ReadonlyMap<DenseLayer, InputSize>,
  data: CalibrationData,
  options: ConvertOptions,
  { signal, onProgress }: ConvertControl,
): Promise<ReadonlyMap<DenseLayer, Geometry>> {
  const { maxBytes, optimize = 'balanced' } = options;
  if (maxBytes === undefined) return new Map();
  const checkpoint = createCheckpoint(signal, (fraction) =>
    onProgress?.({ stage: 'survey', index: 0, layers: layers.length, fraction, attempt: 1 }),
  );
  const choices = await surveyLayers(graph, layers, sizes, data.batches, options, checkpoint);
  return geometriesWithin(graph, layers, choices, maxBytes, optimize);
}

async function attemptConversion(
  kernels: FitKernels,
  graph: Graph,
  sites: readonly DenseLayer[],
  layers: readonly DenseLayer[],
  geometries: ReadonlyMap<DenseLayer, Geometry>,
  data: CalibrationData,
  options: ConvertOptions,
  { signal, onProgress }: ConvertControl,
  attempt: number,
): Promise<Attempt> {
  const heldOutShare = options.maxDrop === undefined ? HELD_OUT : HELD_OUT_FOR_SEARCH;
  const rest = sites.filter((site) => !layers.includes(site));
  const walk = new Walk(kernels, graph, layers, rest, data.batches, 1 - heldOutShare, options, geometries);
  const converted: ConvertedLayer[] = [];
  for (const [index, site] of layers.entries()) {
    const at = { stage: 'layer', layer: site.node.name, index, layers: layers.length, attempt } as const;
    onProgress?.({ ...at, fraction: 0 });
    const checkpoint = createCheckpoint(signal, (fraction) => onProgress?.({ ...at, fraction }));
    await checkpoint(0);
    const layer = await walk.convert(site, checkpoint);
    converted.push(layer);
    onProgress?.({ ...at, fraction: 1, relativeError: layer.relativeError });
  }
  const at: Omit<ConvertProgress, 'fraction'> = {
    stage: 'evaluate',
    index: layers.length,
    layers: layers.length,
    attempt,
  };
  const outputs = await walk.finish(createCheckpoint(signal, (fraction) => onProgress?.({ ...at, fraction })));
  const first = Math.min(data.examples - 1, Math.floor(data.examples * (1 - heldOutShare)));
  const heldOut = compareOutputs(outputs.dense, outputs.lookup, graph.outputs[0]?.name ?? '', first, data.labels);
  onProgress?.({ ...at, fraction: 1 });
  return { walk, layers: converted, heldOut };
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
  const error = new Map(all.layers.map(({ site, relativeError }) => [site, relativeError]));
  let best = await run([], ++attempt);
  let fits = 0;
  for (const order of [[...selected].reverse(), [...selected].sort((a, b) => error.get(a)! - error.get(b)!)]) {
    let fails = order.length;
    while (fails - fits > 1) {
      const count = Math.floor((fits + fails) / 2);
      const subset = new Set(order.slice(0, count));
      const next = await run(
        selected.filter((site) => subset.has(site)),
        ++attempt,
      );
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

function assemble(graph: Graph, walk: Walk, options: ConvertOptions, report: ConvertReport): Graph {
  const initializers = new Map([...graph.initializers, ...walk.initializers]);
  const read = new Set([...walk.nodes.flatMap(readValues), ...graph.outputs.map(({ name }) => name)]);
  for (const name of initializers.keys()) if (!read.has(name)) initializers.delete(name);
  const { examples, seed, optimize, description, layers } = report;
  const facts = {
    ...(description === undefined ? {} : { description }),
    examples,
    seed,
    optimize,
    layers: layers
      .filter(({ converted }) => converted)
      .map(({ name, geometry, relativeError }) => ({ name, geometry, relativeError })),
  };
  return {
    ...graph,
    opset: { ...graph.opset, [LOOKUP_DOMAIN]: LOOKUP_OPSET },
    nodes: walk.nodes,
    initializers,
    metadata: {
      ...graph.metadata,
      ...options.metadata,
      [METADATA.version]: String(LOOKUP_OPSET),
      [METADATA.calibration]: JSON.stringify(facts),
    },
  };
}
