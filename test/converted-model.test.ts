import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LUT_NN_GEOMETRY, randomLookups } from '../bench/networks/random-lookups.js';
import { raiseOpset } from '../src/graph/passes/raise-opset.js';
import { simplify } from '../src/graph/passes/simplify.js';
import { parseModel } from '../src/onnx/parse.js';
import { COMPLETE_OPERATORS } from '../src/ops/complete.js';
import { checkConverted, noiseFeeds } from './converted-model.js';
import { generator } from './random-graph.js';

const FOLDER = '../shared/data/onnx-models';
const CASES = [
  ['resnet20_cifar10', 'row'],
  ['mlperf_tiny_kws_dscnn', 'patch'],
  ['mlperf_tiny_resnet8_cifar10', 'pixel'],
  ['mlperf_tiny_vww_mobilenetv1_025', 'row'],
  ['mlperf_tiny_ad_autoencoder', 'patch'],
  ['vit_cifar10_pgd_2_3_16', 'patch'],
] as const;

// Trained codebooks of these and of larger networks are compared by `npm run conformance`: fitting takes longer than a unit test may.
describe.skipIf(!existsSync(FOLDER))('trained networks with lookup layers equal their function bodies', () => {
  it.each(CASES)('%s, %s', async (file, kind) => {
    const dense = raiseOpset(
      simplify(parseModel(readFileSync(`${FOLDER}/${file}.onnx`)), COMPLETE_OPERATORS),
      COMPLETE_OPERATORS,
    );
    const lookup = randomLookups(dense, { ...LUT_NN_GEOMETRY, kind, seed: 5, layers: () => true });
    const check = await checkConverted(lookup, noiseFeeds(lookup, generator(9)));
    expect(check.lookups).toBeGreaterThan(4);
    expect(check).toMatchObject({ wrongCodes: 0, wrongSums: 0 });
    expect(check.outputError).toBeLessThan(1e-4);
  });
});
