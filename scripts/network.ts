/**
 * Writes a network of a published architecture with random weights, dense and as lookup layers, to measure latency with:
 * `npm run network -- resnet18 --size 32 --out build/networks`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomLookups } from '../src/networks/random-lookups.js';
import { resnet18 } from '../src/networks/resnet18.js';
import { serializeModel } from '../src/onnx/serialize.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '32' },
    out: { type: 'string', default: 'build/networks' },
    seed: { type: 'string', default: '1' },
    geometry: { type: 'string', default: 'patch' },
    channels: { type: 'string', default: '1' },
    k: { type: 'string', default: '16' },
  },
});
const { geometry } = values;
const size = Number(values.size);
if (positionals[0] !== 'resnet18' || (size !== 32 && size !== 224) || !['patch', 'row', 'pixel'].includes(geometry)) {
  console.error(
    'usage: npm run network -- resnet18 [--size 32|224] [--geometry patch|row|pixel] [--channels g] [--k K] [--out DIR]',
  );
  process.exit(2);
}
const seed = Number(values.seed);
const dense = resnet18({ size, classes: size === 32 ? 10 : 1000, seed });
const lookup = randomLookups(dense, {
  kind: geometry as 'patch' | 'row' | 'pixel',
  channels: Number(values.channels),
  centroids: Number(values.k),
  seed,
});
mkdirSync(values.out, { recursive: true });
for (const graph of [dense, lookup]) {
  const path = join(values.out, `${graph.name}.onnx`);
  const bytes = serializeModel(graph);
  writeFileSync(path, bytes);
  console.log(`${path} ${(bytes.length / 1e6).toFixed(1)} MB`);
}
