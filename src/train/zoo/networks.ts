import { LutraError } from '../../errors.js';
import type { Recipe } from '../recipe.js';
import type { ZooNetwork } from './network.js';
import { type ResidualOptions, residualNetwork } from './residual.js';

/**
 * Momentum, a short one-cycle schedule and averaged weights, after Page 2018 ("How to Train Your ResNet") and Jordan 2024: the rate per
 * example, 0.12 / (1 − 0.9) / 128, is theirs.
 */
const FAST: Recipe = {
  optimizer: { kind: 'sgd', momentum: 0.9, nesterov: true, decay: 5e-4 },
  schedule: { kind: 'one-cycle', peak: 0.12 },
  batchSize: 128,
  microBatch: 32,
  epochs: 14,
  averageEpochs: 0.5,
  smoothing: 0.1,
};

function zooNetwork(network: ResidualOptions & Pick<ZooNetwork, 'summary' | 'recipe'>): ZooNetwork {
  const { name, summary, recipe, inputDims } = network;
  const input = network.input === 'features' ? 'audio' : 'image';
  return { name, summary, input, inputDims, recipe, build: (options) => residualNetwork(network, options) };
}

const stage = (channels: number, stride: number, blocks: number) => ({ channels, stride, blocks });

/** Wide where lookups pay. */
const image32 = zooNetwork({
  name: 'image32',
  summary: 'ResNet for 32×32 RGB images: 32-64-128 channels, 48 MMAC, 0.46 M weights',
  recipe: FAST,
  input: 'image',
  inputDims: [3, 32, 32],
  headRate: 0.125,
  stem: { channels: 32, kernel: 3, stride: 1 },
  stages: [stage(64, 2, 1), stage(128, 2, 1)],
});

/**
 * Made for lookups, whose search costs the same whatever the number of outputs: three quarters of the work are in layers of 128 and 256
 * outputs, and the first layer leaves a quarter of the positions.
 */
const wide32 = zooNetwork({
  name: 'wide32',
  summary: 'ResNet for 32×32 RGB images, made for lookups: 64-128-256 channels, 189 MMAC, 1.84 M weights',
  recipe: FAST,
  input: 'image',
  inputDims: [3, 32, 32],
  headRate: 0.125,
  stem: { channels: 64, kernel: 4, stride: 2 },
  stages: [stage(128, 1, 1), stage(256, 2, 1)],
});

const image28 = zooNetwork({
  name: 'image28',
  summary: 'ResNet for 28×28 grey images such as MNIST: 32-64-128 channels, 22 MMAC, 0.39 M weights',
  recipe: { ...FAST, epochs: 6 },
  input: 'image',
  inputDims: [1, 28, 28],
  headRate: 0.125,
  stem: { channels: 32, kernel: 5, stride: 2 },
  stages: [stage(64, 1, 0), stage(128, 2, 1)],
});

/** For the features of src/speech. Few examples: many passes and small batches. */
const keywords = zooNetwork({
  name: 'keywords',
  summary: 'ResNet for a second of speech as 40 mel bands × 64 frames: 32-64-96 channels, 12 MMAC, 0.24 M weights',
  recipe: {
    ...FAST,
    batchSize: 32,
    microBatch: 16,
    schedule: { ...FAST.schedule, peak: 0.06 },
    epochs: 40,
    averageEpochs: 3,
  },
  input: 'features',
  inputDims: [1, 40, 64],
  headRate: 0.5,
  stem: { channels: 32, kernel: 5, stride: 2 },
  stages: [stage(64, 2, 0), stage(96, 2, 1)],
});

/** The networks that `lutra train --dense` knows by name. */
export const NETWORKS: readonly ZooNetwork[] = [image32, wide32, image28, keywords];

/** @throws LutraError `INVALID_ARGUMENT` naming the networks there are. */
export function findNetwork(name: string): ZooNetwork {
  const found = NETWORKS.find((network) => network.name === name);
  if (found) return found;
  throw new LutraError('INVALID_ARGUMENT', `there is no network "${name}"`, {
    expected: NETWORKS.map((network) => network.name).join(', '),
    actual: name,
  });
}
