/**
 * Time and memory of fitting the tables of wide layers: `npx tsx bench/ridge.ts`. Codes are random; a ReLU follows, so that three rounds are
 * solved with one factorization. Rows beyond MATRIX_LIMIT are fitted codebook by codebook.
 */
import { seededRandom } from '../src/convert/random.js';
import { FitKernels } from '../src/lut/coded/fit/kernels.js';
import { fitTable } from '../src/lut/coded/fit/ridge.js';

const POSITIONS = 32768;
const K = 16;

for (const [slots, outputs] of [
  [64, 64],
  [128, 128],
  [256, 256],
  [288, 64],
  [384, 128],
  [576, 128],
] as const) {
  const random = seededRandom(1);
  const unknowns = slots * K;
  const rows = Uint32Array.from({ length: POSITIONS * slots }, (_, i) => (i % slots) * K + Math.floor(random() * K));
  const residual = Float32Array.from({ length: POSITIONS * outputs }, () => random() - 0.5);
  const before = residual.slice();
  const kernels = await FitKernels.create();
  const start = performance.now();
  await fitTable(
    kernels,
    { count: POSITIONS, slots, unknowns, rows },
    residual,
    outputs,
    0.03,
    () => undefined,
    before,
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const megabytes = (kernels.bytesHeld / 1e6).toFixed(0);
  process.stdout.write(
    `${slots} codebooks and taps, ${unknowns} rows, ${outputs} outputs: ${seconds} s, ${megabytes} MB of Wasm memory\n`,
  );
}
