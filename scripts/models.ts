/**
 * Makes the shipped digits model from a trained dense network: stamps the original with preprocessing and labels, converts it, measures both and
 * writes the card. `npm run models -- --weights digits.onnx [--data ../shared/data]`. The other models have scripts of their own,
 * train-image.ts and train-speech.ts.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ConvertReport } from '../src/convert/types.js';
import { type Accuracy, lutra, OUT, writeCard, writeManifest } from './shipped-model.js';

const { values } = parseArgs({
  options: { weights: { type: 'string' }, data: { type: 'string', default: '../shared/data' } },
});
if (!values.weights) {
  console.error('usage: npm run models -- --weights digits.onnx [--data DIR]');
  process.exit(2);
}
const model = {
  id: 'digits',
  title: 'Handwritten digits',
  task: 'image',
  pad: true,
  description:
    'Five 3×3 convolutions (32 to 128 channels, two residual), global average pooling, one linear layer; 28×28 grey.',
  licence:
    'MNIST by LeCun, Cortes and Burges; the images come from rasbt/mnist-pngs (MIT). Weights: Apache-2.0, as Lutra.',
  test: {
    path: join(values.data, 'mnist', 't10k-first5000-images-idx3-ubyte.gz'),
    name: 'mnist/t10k-first5000-images-idx3-ubyte.gz',
  },
} as const;
const CALIBRATION = 'mnist/train-images-idx3-ubyte.gz';
const [dense, lookup] = [join(OUT, 'digits.onnx'), join(OUT, 'digits.lut.onnx')];

lutra('convert', values.weights, '-o', dense, '--layers', 'none', '--labels', '0,1,2,3,4,5,6,7,8,9');
const report = lutra<ConvertReport>(
  'convert',
  dense,
  '-o',
  lookup,
  '--calibration',
  join(values.data, CALIBRATION),
  '--optimise',
  'speed',
);
const measure = (path: string) => lutra<Accuracy>('eval', path, '--data', model.test.path);
writeCard(
  model,
  { dense: measure(dense), lookup: measure(lookup) },
  `**Training.** A stop-gap: 4 epochs with PyTorch 1.13 on the 60,000 training images, random rotation, scale, shear and shift, SGD with a one-cycle schedule. Nothing was chosen on test images.

**Conversion.** Without training, on ${report.examples} training images in ${report.seconds.toFixed(0)} s:

    npx lutra convert digits.onnx -o digits.lut.onnx --calibration ${CALIBRATION} --optimise speed`,
);
writeManifest(model);
