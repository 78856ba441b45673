import { convert } from '../../convert/convert.js';
import { seededRandom } from '../../convert/random.js';
import { calibrationFeeds } from '../../data/calibration-feeds.js';
import { LutraError } from '../../errors.js';
import type { Graph } from '../../graph/types.js';
import { hasLookups } from '../../lut/domain.js';
import { parseModel } from '../../onnx/parse.js';
import { serializeModel, withContentHash } from '../../onnx/serialize.js';
import { loadBytes } from '../../session/load.js';
import { KEYWORD_FEATURES } from '../../speech/spec.js';
import { loadCheckpoint, writeWhole } from '../../train/checkpoint-file.js';
import { plainInputs } from '../../train/data/batch.js';
import type { OpenedSet } from '../../train/data/open-set.js';
import {
  buildNetwork,
  type TrainDenseOptions,
  type TrainedModel,
  trainDense,
  warmStart,
} from '../../train/train-dense.js';
import { LOOKUP_RECIPE, type TrainedLookup, type TrainLookupOptions, trainLookup } from '../../train/train-lookup.js';
import { findNetwork } from '../../train/zoo/networks.js';
import { type Arguments, UsageError } from '../arguments.js';
import { warn } from '../output.js';
import { resolveLabels, resolvePreprocess } from '../preprocess-flags.js';
import type { Progress } from '../progress.js';
import { openTrainingData, type WantedInput } from './train-data.js';
import { budgetFlags, conversionFlags, lookupFlags, recipeFlags } from './train-flags.js';

const DEFAULT_SAMPLES = 1000;

export type Control = Omit<TrainDenseOptions, 'recipe' | 'budget'> &
  Pick<TrainLookupOptions, 'onStart'> & { readonly seed: number };

async function openModel(path: string): Promise<Graph> {
  return parseModel(await loadBytes(path));
}

function budgetOf(args: Arguments) {
  const budget = budgetFlags(args);
  return budget ? { budget } : {};
}

/** Preprocessing and data of a model file, as its metadata and the flags say. */
async function dataOfModel(graph: Graph, args: Arguments, seed: number, progress: Progress): Promise<OpenedSet> {
  const facts = { metadata: graph.metadata, dims: graph.inputs[0]?.dims };
  const { spec, assumed } = resolvePreprocess(args, facts);
  if (!spec)
    throw new LutraError('UNSUPPORTED', 'the model takes neither images nor sound, so there is no data for it');
  if (spec.kind === 'image' && spec.layout !== 'nchw') {
    throw new LutraError('UNSUPPORTED', 'training needs a network whose images are [N, C, H, W]', {
      expected: 'nchw',
      actual: spec.layout,
    });
  }
  if (assumed) warn('the model does not store its preprocessing; assuming byte / 255 (see --scale, --mean, --std)');
  return openTrainingData(args, spec, await resolveLabels(args, facts), seed, progress);
}

/** `lutra train --dense`: a network of the zoo from scratch, or a dense model further. */
export async function trainDenseCommand(
  name: string,
  args: Arguments,
  control: Control,
  progress: Progress,
): Promise<TrainedModel> {
  const { seed } = control;
  if (/\.onnx$/i.test(name)) {
    const graph = await openModel(name);
    if (hasLookups(graph)) {
      throw new UsageError(`${name} is a lookup network: give it without --dense`);
    }
    const { set, split } = await dataOfModel(graph, args, seed, progress);
    const recipe = recipeFlags(args, findNetwork('image32').recipe);
    return trainDense({ graph }, recipe, set, split, { ...control, ...budgetOf(args) });
  }
  const network = findNetwork(name);
  const recipe = recipeFlags(args, network.recipe);
  const [channels, height, width] = network.inputDims;
  const facts = { metadata: {}, dims: ['N', ...network.inputDims] };
  const { spec } = resolvePreprocess(args, facts);
  const features = args.has('features') && spec?.kind === 'audio' ? spec : KEYWORD_FEATURES;
  const wanted: WantedInput =
    network.input === 'audio'
      ? features
      : {
          kind: 'image',
          width,
          height,
          channels: channels as 1 | 3,
          scale: 1 / 255,
          resize: 'bilinear',
          layout: 'nchw',
          ...(spec?.kind === 'image' && args.has('mean') && args.has('std') ? { mean: spec.mean, std: spec.std } : {}),
        };
  const labels = await resolveLabels(args, facts);
  const { set, split } = await openTrainingData(args, wanted, labels, seed, progress);
  const built = buildNetwork(network, set, split, seed);
  const from = args.text('from');
  const start = from === undefined ? built : warmStart(built, await loadCheckpoint(from));
  return trainDense(start, recipe, set, split, { ...control, ...budgetOf(args) });
}

async function converted(dense: Graph, args: Arguments, data: OpenedSet, seed: number, progress: Progress) {
  const { set, split } = data;
  const samples = args.integer('samples', 1) ?? DEFAULT_SAMPLES;
  const source = {
    count: split.train.length,
    labels: Int32Array.from(split.train, (index) => set.labels[index]!),
    *inputs(order: readonly number[], batch: number) {
      const chosen = order.map((i) => split.train[i]!);
      for (let at = 0; at < chosen.length; at += batch) yield plainInputs(set, chosen.slice(at, at + batch));
    },
  };
  const { calibration } = calibrationFeeds(source, { samples, random: seededRandom(seed) });
  const options = { ...conversionFlags(args, seed), description: set.description };
  const { graph } = await convert(dense, { feeds: calibration.feeds }, options, {
    onProgress: ({ index, layers, fraction, layer }) =>
      progress.update(layers > 0 ? (index + fraction) / layers : 0, `converting ${layer ?? ''}`),
  });
  const kept = args.text('converted');
  if (kept) await writeWhole(kept, serializeModel(await withContentHash(graph)));
  return graph;
}

/** `lutra train MODEL`: a lookup network, or a dense one that is converted first. */
export async function trainLookupCommand(
  path: string,
  args: Arguments,
  control: Control,
  progress: Progress,
): Promise<TrainedLookup> {
  const { seed } = control;
  const recipe = recipeFlags(args, LOOKUP_RECIPE);
  const what = lookupFlags(args, recipe.smoothing);
  const graph = await openModel(path);
  const isLookup = hasLookups(graph);
  const keep = args.choice('keep', ['best', 'last']) ?? 'best';
  const teacher = args.text('teacher');
  if (isLookup && !teacher) throw new UsageError('a lookup model needs --teacher, the network it was converted from');
  if (!isLookup && teacher) throw new UsageError(`${path} is dense and its own teacher: leave --teacher out`);
  const dense = teacher ? await openModel(teacher) : graph;
  const data = await dataOfModel(graph, args, seed, progress);
  const lookup = isLookup ? graph : await converted(dense, args, data, seed, progress);
  if (keep === 'best' && data.split.validation.length === 0)
    warn('there is no validation set: the last state of the training is written');
  return trainLookup(lookup, dense, data.set, data.split, {
    ...control,
    ...budgetOf(args),
    recipe,
    lookup: what,
    keep,
  });
}
