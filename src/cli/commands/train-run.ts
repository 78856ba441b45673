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
import { UsageError } from '../command.js';
import { warn } from '../output.js';
import { modelPreprocess, resolveLabels, resolvePreprocess } from '../preprocess-flags.js';
import type { Progress } from '../progress.js';
import { openTrainingData, type WantedInput } from './train-data.js';
import { budgetOf, changedRecipe, conversionBefore, lookupTraining, type TrainValues } from './train-flags.js';

export type Control = Omit<TrainDenseOptions, 'recipe' | 'budget'> &
  Pick<TrainLookupOptions, 'onStart'> & { readonly seed: number };

async function openModel(path: string): Promise<Graph> {
  return parseModel(await loadBytes(path));
}

/** Preprocessing and data of a model file, as its metadata and the flags say. */
async function dataOfModel(graph: Graph, values: TrainValues, seed: number, progress: Progress): Promise<OpenedSet> {
  const facts = { metadata: graph.metadata, dims: graph.inputs[0]?.dims };
  const spec = modelPreprocess(values, facts);
  if (!spec)
    throw new LutraError('UNSUPPORTED', 'the model takes neither images nor sound, so there is no data for it');
  if (spec.kind === 'image' && spec.layout !== 'nchw') {
    throw new LutraError('UNSUPPORTED', 'training needs a network whose images are [N, C, H, W]', {
      expected: 'nchw',
      actual: spec.layout,
    });
  }
  return openTrainingData(values, spec, await resolveLabels(values, facts), seed, progress);
}

/** `lutra train --dense`: a network of the zoo from scratch, or a dense model further. */
export async function trainDenseCommand(
  name: string,
  values: TrainValues,
  control: Control,
  progress: Progress,
): Promise<TrainedModel> {
  const { seed } = control;
  if (/\.onnx$/i.test(name)) {
    const graph = await openModel(name);
    if (hasLookups(graph)) throw new UsageError(`${name} is a lookup network: give it without --dense`);
    const { set, split } = await dataOfModel(graph, values, seed, progress);
    const recipe = changedRecipe(values, findNetwork('image32').recipe);
    return trainDense({ graph }, recipe, set, split, { ...control, ...budgetOf(values) });
  }
  const network = findNetwork(name);
  const recipe = changedRecipe(values, network.recipe);
  const [channels, height, width] = network.inputDims;
  const facts = { metadata: {}, dims: ['N', ...network.inputDims] };
  const spec = resolvePreprocess(values, facts);
  const features = values.features !== undefined && spec?.kind === 'audio' ? spec : KEYWORD_FEATURES;
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
          ...(spec?.kind === 'image' && values.mean && values.std ? { mean: spec.mean, std: spec.std } : {}),
        };
  const labels = await resolveLabels(values, facts);
  const { set, split } = await openTrainingData(values, wanted, labels, seed, progress);
  const built = buildNetwork(network, set, split, seed);
  const { from } = values;
  const start = from === undefined ? built : warmStart(built, await loadCheckpoint(from));
  return trainDense(start, recipe, set, split, { ...control, ...budgetOf(values) });
}

async function converted(dense: Graph, values: TrainValues, data: OpenedSet, seed: number, progress: Progress) {
  const { set, split } = data;
  const source = {
    count: split.train.length,
    labels: Int32Array.from(split.train, (index) => set.labels[index]!),
    *inputs(order: readonly number[], batch: number) {
      const chosen = order.map((i) => split.train[i]!);
      for (let at = 0; at < chosen.length; at += batch) yield plainInputs(set, chosen.slice(at, at + batch));
    },
  };
  const { calibration } = calibrationFeeds(source, { samples: values.samples, random: seededRandom(seed) });
  const options = { ...conversionBefore(values), description: set.description };
  const { graph } = await convert(dense, { feeds: calibration.feeds }, options, {
    onProgress: ({ index, layers, fraction, layer }) =>
      progress.update(layers > 0 ? (index + fraction) / layers : 0, `converting ${layer ?? ''}`),
  });
  if (values.converted) await writeWhole(values.converted, serializeModel(await withContentHash(graph)));
  return graph;
}

/** `lutra train MODEL`: a lookup network, or a dense one that is converted first. */
export async function trainLookupCommand(
  path: string,
  values: TrainValues,
  control: Control,
  progress: Progress,
): Promise<TrainedLookup> {
  const { seed } = control;
  const recipe = changedRecipe(values, LOOKUP_RECIPE);
  const graph = await openModel(path);
  const isLookup = hasLookups(graph);
  const { keep, teacher } = values;
  if (isLookup && !teacher) throw new UsageError('a lookup model needs --teacher, the network it was converted from');
  if (!isLookup && teacher) throw new UsageError(`${path} is dense and its own teacher: leave --teacher out`);
  const dense = teacher ? await openModel(teacher) : graph;
  const data = await dataOfModel(graph, values, seed, progress);
  const lookup = isLookup ? graph : await converted(dense, values, data, seed, progress);
  if (keep === 'best' && data.split.validation.length === 0)
    warn('there is no validation set: the last state of the training is written');
  const options = { ...control, ...budgetOf(values), recipe, lookup: lookupTraining(values, recipe.smoothing), keep };
  return trainLookup(lookup, dense, data.set, data.split, options);
}
