/**
 * Writes a network of a published architecture with random weights, dense and as lookup layers, to measure latency with:
 * `npm run network -- resnet18 --size 32 --out build/networks`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { catalogueEntry } from '../bench/networks/catalogue.js';
import { LUT_NN_GEOMETRY, randomLookups } from '../bench/networks/random-lookups.js';
import type { DenseLayer } from '../src/convert/dense-layers.js';
import { serializeModel } from '../src/onnx/serialize.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '32' },
    out: { type: 'string', default: 'build/networks' },
    seed: { type: 'string', default: '1' },
    geometry: { type: 'string', default: LUT_NN_GEOMETRY.kind },
    channels: { type: 'string', default: String(LUT_NN_GEOMETRY.channels) },
    k: { type: 'string', default: String(LUT_NN_GEOMETRY.centroids) },
    stem: { type: 'string', default: 'integer' },
  },
});
const { geometry, stem } = values;
const [name = ''] = positionals;
if (!name || !['patch', 'row', 'pixel'].includes(geometry) || !['integer', 'float'].includes(stem)) {
  console.error(
    'usage: npm run network -- resnet18|senet18|vgg11|bert|bert-last6 [--size 32|224] [--geometry patch|row|pixel] [--channels g] [--k K] [--stem integer|float] [--out DIR]',
  );
  process.exit(2);
}
const entry = catalogueEntry(name.startsWith('bert') ? name : `${name}-${values.size}`);
const dense = entry.dense();
const lookup = randomLookups(dense, {
  ...LUT_NN_GEOMETRY,
  kind: geometry as 'patch' | 'row' | 'pixel',
  channels: Number(values.channels),
  centroids: Number(values.k),
  stem: stem as 'integer' | 'float',
  seed: Number(values.seed),
  layers: (layer: DenseLayer) => entry.replaces(layer),
});
mkdirSync(values.out, { recursive: true });
for (const graph of [dense, lookup]) {
  const path = join(values.out, `${graph.name}.onnx`);
  const bytes = serializeModel(graph);
  writeFileSync(path, bytes);
  console.log(`${path} ${(bytes.length / 1e6).toFixed(1)} MB`);
}
