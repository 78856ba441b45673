import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomLookups } from '../../src/networks/random-lookups.js';
import { resnet18 } from '../../src/networks/resnet18.js';
import { serializeModel } from '../../src/onnx/serialize.js';

export const FOLDER = join(process.cwd(), 'build/bench/models');

const dense = resnet18({ size: 32, classes: 10, seed: 1 });
mkdirSync(FOLDER, { recursive: true });
writeFileSync(join(FOLDER, 'resnet18-32.dense.onnx'), serializeModel(dense));
writeFileSync(
  join(FOLDER, 'resnet18-32.lut.onnx'),
  serializeModel(randomLookups(dense, { kind: 'patch', channels: 1, centroids: 16, seed: 1 })),
);
void createHash;
void existsSync;
void readFileSync;
void statSync;
