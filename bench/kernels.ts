/**
 * Time of every kernel: lookup kernels on the layers of ResNet-18, BERT and small networks, the others on a case each:
 * `npm run bench:kernels -- [filter]`. Prints microseconds per step (the fastest of many short batches: other work on the machine only
 * ever adds) with the kernels that ran, and of layers also the dense work that they replace in GMAC/s, and the share of the
 * instruction-port limit (docs/benchmark.md) that they reach. The last line names the kernels of src/kernels/list.ts that no case ran.
 * Every Wasm build that validates in this Node takes part (relaxed SIMD: Node 22 or later). One thread.
 */
import { KERNELS, type KernelName } from '../src/kernels/list.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { plan } from '../src/plan/plan.js';
import { KERNEL_CASES, type KernelCase } from '../test/support/kernel-cases.js';
import { type KernelBuild, KernelHarness, kernelBuilds } from '../test/support/kernel-harness.js';
import { convolution, type Layer, type LayerCase, layerGraph, linear, stem } from '../test/support/lookup-layers.js';
import { WASM_BUILDS } from '../test/wasm-builds.js';
import { ClockMeter } from './clock.js';
import { portLimitCycles, productCycles } from './port-limit.js';

const BATCH_MILLISECONDS = 1;
const BATCHES = 60;

const MAPS = [
  [64, 32],
  [128, 16],
  [256, 8],
  [512, 4],
  [64, 56],
  [128, 28],
  [256, 14],
  [512, 7],
] as const;
const LAYERS: readonly Layer[] = [
  ...MAPS.map(([channels, size]) => convolution(channels, size, 'patch', 1)),
  ...MAPS.map(([channels, size]) => convolution(channels, size, 'tree', 1)),
  ...MAPS.map(([channels, size]) => convolution(channels, size, 'row', 2)),
  ...MAPS.map(([channels, size]) => convolution(channels, size, 'pixel', 4)),
  ...MAPS.map(([channels, size]) => convolution(channels, size, 'pixel', 8)),
  convolution(64, 32, 'patch', 1, 32),
  convolution(256, 8, 'patch', 1, 32),
  linear(128, 768, 768),
  linear(128, 768, 3072),
  linear(1, 768, 3072),
  linear(1, 768, 3072, 64),
  stem(32, 3, 1),
  stem(224, 7, 2),
];

interface Row {
  readonly name: string;
  readonly make: () => KernelCase;
  /** Of a layer: the nodes that count, and what else is printed of their time. */
  readonly nodes?: readonly string[];
  readonly share?: (microseconds: number, gigahertz: number) => string;
}

/** Microseconds by kernel, steps of a kernel together; the clock is measured between the batches. */
function measure({ make, nodes }: Row, build: KernelBuild, clock: ClockMeter): Map<string, number> {
  const { graph, feeds } = make();
  const harness = new KernelHarness(plan(graph, COMPLETE_RUNTIME, feeds, { threads: 1 }), build);
  harness.feed(feeds);
  const result = new Map<string, number>();
  for (const step of harness.plan.steps) {
    const run = (times: number) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) harness.runStep(step);
      return performance.now() - start;
    };
    let times = 1;
    while (run(times) < BATCH_MILLISECONDS) times *= 2;
    if (nodes && !nodes.includes(step.node)) continue;
    const samples = Array.from({ length: BATCHES }, () => {
      clock.attempt();
      return run(times) / times;
    });
    const kernel = step.kind === 'kernel' ? step.kernel : `host ${step.op}`;
    result.set(kernel, (result.get(kernel) ?? 0) + Math.min(...samples) * 1000);
  }
  return result;
}

/** Lookup positions per codebook of a 3 × 3 layer. */
const TAPS: Readonly<Record<LayerCase, number>> = { patch: 1, tree: 1, row: 3, pixel: 9, linear: 1, integer: 0 };

/** Of the dense layer. */
function multiplyAdds({ rows, size, stride, inputs, outputs, kernel }: Layer): number {
  return rows * (size / stride) ** 2 * inputs * outputs * kernel ** 2;
}

function limitMicroseconds(layer: Layer, gigahertz: number): number {
  const { rows, size, inputs, depth, centroids, outputs, kernel, geometry } = layer;
  const taps = TAPS[geometry];
  const cycles =
    geometry === 'integer'
      ? productCycles(multiplyAdds(layer))
      : portLimitCycles({
          positions: rows * size ** 2,
          codebooks: inputs / depth,
          values: (depth * kernel ** 2) / taps,
          tree: geometry === 'tree',
          centroids,
          outputs,
          taps,
        });
  return cycles / gigahertz / 1000;
}

function layerRow(layer: Layer): Row {
  return {
    name: layer.name,
    make: () => layerGraph(layer),
    nodes: ['codes', 'y'],
    share: (microseconds, gigahertz) => {
      const limit = limitMicroseconds(layer, gigahertz);
      const share = `${((limit / microseconds) * 100).toFixed(0)} % of the port limit at ${gigahertz.toFixed(2)} GHz`;
      return `, ${(multiplyAdds(layer) / microseconds / 1000).toFixed(0)} GMAC/s, ${share}`;
    },
  };
}

const kernels = Object.keys(KERNELS) as KernelName[];
const ROWS: readonly Row[] = [
  ...LAYERS.map(layerRow),
  ...kernels.map((kernel) => ({ name: `kernel ${kernel}`, make: () => KERNEL_CASES[kernel](true) })),
];

const filter = process.argv[2] ?? '';
const ran = new Set<string>();
for (const [name, build] of kernelBuilds(WASM_BUILDS)) {
  if (build.shared) continue;
  for (const row of ROWS.filter((row) => row.name.includes(filter))) {
    const clock = new ClockMeter();
    const times = measure(row, build, clock);
    const total = [...times.values()].reduce((a, b) => a + b);
    const parts = [...times].map(([kernel, microseconds]) => `${kernel} ${microseconds.toFixed(1)}`).join('  ');
    const share = row.share?.(total, clock.gigahertz) ?? '';
    process.stdout.write(`${name.split(' ')[0]} ${row.name}: ${total.toFixed(1)} us${share}  (${parts})\n`);
    for (const kernel of times.keys()) ran.add(kernel);
  }
}
const missing = kernels.filter((kernel) => !ran.has(kernel));
process.stdout.write(missing.length > 0 ? `No case ran ${missing.join(', ')}.\n` : 'Every kernel of the list ran.\n');
