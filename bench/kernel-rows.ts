/** Rows of the kernel benchmark (kernels.ts) and how one is measured. */

import { KERNELS, type KernelName } from '../src/kernels/list.js';
import type { Family } from '../src/lut/family.js';
import { typesOf } from '../src/plan/bind.js';
import { plan } from '../src/plan/plan.js';
import type { Runtime } from '../src/plan/runtime.js';
import { KERNEL_CASES, type KernelCase } from '../test/support/kernel-cases.js';
import { type KernelBuild, KernelHarness } from '../test/support/kernel-harness.js';
import { convolution, type Layer, type LayerCase, layerGraph, linear, stem } from '../test/support/lookup-layers.js';
import type { ClockMeter } from './clock.js';
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

export interface Row {
  readonly name: string;
  readonly make: () => KernelCase;
  /** Of a layer: the nodes that count, and what else is printed of their time. */
  readonly nodes?: readonly string[];
  readonly share?: (microseconds: number, gigahertz: number) => string;
}

/** Microseconds by kernel, steps of a kernel together; the clock is measured between the batches. */
export function measureRow(
  { make, nodes }: Row,
  build: KernelBuild,
  clock: ClockMeter,
  runtime: Runtime,
  batches = BATCHES,
): Map<string, number> {
  const { graph, feeds } = make();
  const harness = new KernelHarness(plan(graph, runtime, typesOf(feeds), { threads: 1 }), build, runtime.operators);
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
    const samples = Array.from({ length: batches }, () => {
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

/** A family beside those that come with Lutra, and layers of it to measure. */
export interface MeasuredFamily {
  readonly family: Pick<Family, 'operators' | 'rules'>;
  readonly cases: Readonly<Record<string, () => KernelCase>>;
}

export const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[];

/** What the benchmark measures: layers of the families, a case of every kernel, and cases of other families. */
export function kernelRows(families: readonly MeasuredFamily[] = []): Row[] {
  return [
    ...LAYERS.map(layerRow),
    ...KERNEL_NAMES.map((kernel) => ({ name: `kernel ${kernel}`, make: () => KERNEL_CASES[kernel](true) })),
    ...families.flatMap(({ cases }) => Object.entries(cases).map(([name, make]) => ({ name, make }))),
  ];
}
