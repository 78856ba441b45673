import { LutraError } from '../../errors.js';
import type { Recipe } from '../recipe.js';
import type { ZooNetwork } from './network.js';
import { residualNetwork } from './residual.js';

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

type Shape = Parameters<typeof residualNetwork>[0];

function zooNetwork(shape: Shape, about: Pick<ZooNetwork, 'summary' | 'input' | 'recipe'>): ZooNetwork {
  const { name, inputDims } = shape;
  return { name, inputDims, ...about, build: (options) => residualNetwork(shape, options) };
}

/** Wide where lookups pay. */
const image32 = zooNetwork(
  {
    name: 'image32',
    input: 'image',
    inputDims: [3, 32, 32],
    headRate: 0.125,
    stem: { channels: 32, kernel: [3, 3], stride: [1, 1] },
    stages: [
      { channels: 64, stride: [2, 2], blocks: 1 },
      { channels: 128, stride: [2, 2], blocks: 1 },
    ],
  },
  {
    summary: 'ResNet for 32×32 RGB images: 32-64-128 channels, 48 MMAC, 0.46 M weights',
    input: 'image',
    recipe: FAST,
  },
);

const image28 = zooNetwork(
  {
    name: 'image28',
    input: 'image',
    inputDims: [1, 28, 28],
    headRate: 0.125,
    stem: { channels: 32, kernel: [5, 5], stride: [2, 2] },
    stages: [
      { channels: 64, stride: [1, 1], blocks: 0 },
      { channels: 128, stride: [2, 2], blocks: 1 },
    ],
  },
  {
    summary: 'ResNet for 28×28 grey images such as MNIST: 32-64-128 channels, 22 MMAC, 0.39 M weights',
    input: 'image',
    recipe: { ...FAST, epochs: 6, averageEpochs: 0.5 },
  },
);

/** For the features of src/speech. Few examples: many passes and small batches. */
const keywords = zooNetwork(
  {
    name: 'keywords',
    input: 'features',
    inputDims: [1, 40, 64],
    headRate: 0.5,
    stem: { channels: 32, kernel: [5, 5], stride: [2, 2] },
    stages: [
      { channels: 64, stride: [2, 2], blocks: 0 },
      { channels: 96, stride: [2, 2], blocks: 1 },
    ],
  },
  {
    summary: 'ResNet for a second of speech as 40 mel bands × 64 frames: 32-64-96 channels, 12 MMAC, 0.24 M weights',
    input: 'audio',
    recipe: {
      ...FAST,
      batchSize: 32,
      microBatch: 16,
      schedule: { ...FAST.schedule, peak: 0.06 },
      epochs: 40,
      averageEpochs: 3,
    },
  },
);

/** The networks that `lutra train --dense` knows by name. */
export const NETWORKS: readonly ZooNetwork[] = [image32, image28, keywords];

/** @throws LutraError `INVALID_ARGUMENT` naming the networks there are. */
export function findNetwork(name: string): ZooNetwork {
  const found = NETWORKS.find((network) => network.name === name);
  if (found) return found;
  throw new LutraError('INVALID_ARGUMENT', `there is no network "${name}"`, {
    expected: NETWORKS.map((network) => network.name).join(', '),
    actual: name,
  });
}
