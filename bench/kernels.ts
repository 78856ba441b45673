/**
 * Time of every kernel: lookup kernels on the layers of ResNet-18, BERT and small networks, the others on a case each:
 * `npm run bench:kernels -- [filter] [--family MODULE]`. Prints microseconds per step (the fastest of many short batches: other work on the machine only
 * ever adds) with the kernels that ran, and of layers also the dense work that they replace in GMAC/s, and the share of the
 * instruction-port limit (docs/benchmark.md) that they reach. The last line names the kernels of src/kernels/list.ts that no case ran.
 * MODULE exports a {@link MeasuredFamily} as `MEASURED`, whose cases are measured, too.
 * Every Wasm build that validates in this Node takes part (relaxed SIMD: Node 22 or later). One thread.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { extendRuntime } from '../src/plan/runtime.js';
import { kernelBuilds } from '../test/support/kernel-harness.js';
import { WASM_BUILDS } from '../test/wasm-builds.js';
import { ClockMeter } from './clock.js';
import { KERNEL_NAMES, kernelRows, type MeasuredFamily, measureRow } from './kernel-rows.js';

const { values, positionals } = parseArgs({ options: { family: { type: 'string' } }, allowPositionals: true });
const [filter = ''] = positionals;
const families: MeasuredFamily[] = [];
if (values.family) families.push((await import(pathToFileURL(resolve(values.family)).href)).MEASURED);
const runtime = families.reduce((known, { family }) => extendRuntime(known, family), COMPLETE_RUNTIME);

const ran = new Set<string>();
for (const [name, build] of kernelBuilds(WASM_BUILDS)) {
  if (build.shared) continue;
  for (const row of kernelRows(families).filter((row) => row.name.includes(filter))) {
    const clock = new ClockMeter();
    const times = measureRow(row, build, clock, runtime);
    const total = [...times.values()].reduce((a, b) => a + b);
    const parts = [...times].map(([kernel, microseconds]) => `${kernel} ${microseconds.toFixed(1)}`).join('  ');
    const share = row.share?.(total, clock.gigahertz) ?? '';
    process.stdout.write(`${name.split(' ')[0]} ${row.name}: ${total.toFixed(1)} us${share}  (${parts})\n`);
    for (const kernel of times.keys()) ran.add(kernel);
  }
}
const missing = KERNEL_NAMES.filter((kernel) => !ran.has(kernel));
process.stdout.write(missing.length > 0 ? `No case ran ${missing.join(', ')}.\n` : 'Every kernel of the list ran.\n');
