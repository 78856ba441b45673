import { rmSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClockMeter } from '../../bench/clock.js';
import { kernelRows, measureRow } from '../../bench/kernel-rows.js';
import { inspectModel } from '../../src/cli/commands/inspect.js';
import { convert, parseModel, serializeModel } from '../../src/convert/index.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { InferenceSession, Tensor } from '../../src/index.js';
import { COMPLETE_RUNTIME, extendRuntime, FUNCTION_BODIES } from '../../src/lut/index.js';
import { typesOf } from '../../src/plan/bind.js';
import { plan } from '../../src/plan/plan.js';
import { buildWorker } from '../build-worker.js';
import { noise } from '../run-node.js';
import { evaluateGraph } from '../support/evaluate-graph.js';
import { KernelHarness, kernelBuilds, kernelsOf } from '../support/kernel-harness.js';
import { WASM_BUILDS } from '../wasm-builds.js';
import { MEASURED, SQUARES_FAMILY, squaresCase } from './family.js';

/** A family that Lutra does not know, from public seams only (docs/decisions/014). */
const RUNTIME = extendRuntime(COMPLETE_RUNTIME, SQUARES_FAMILY);
const BODIES = [...FUNCTION_BODIES, ...SQUARES_FAMILY.bodies];
const BUILDS = [...kernelBuilds(WASM_BUILDS)];
const CASES = [
  [1, 1, 1, 1],
  [2, 5, 3, 4],
  [3, 17, 9, 7],
] as const;

let workerUrl: URL;
beforeAll(async () => {
  workerUrl = await buildWorker('test/squares-family/worker.ts');
});
afterAll(() => rmSync(new URL('.', workerUrl), { recursive: true }));

async function inOnnxRuntime(bytes: Uint8Array, x: { data: unknown; dims: readonly number[] }): Promise<number[]> {
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 });
  const { y } = await session.run({ x: new ort.Tensor('float32', x.data as Float32Array, x.dims) });
  await session.release();
  return [...(y!.data as Float32Array)];
}

/** 3×3 convolution, ReLU, two 1×1 convolutions: the last two may become squares. */
function network() {
  const b = new GraphBuilder({ opset: 17 });
  const x = b.input('x', ['N', 3, 8, 8]);
  const conv = (name: string, from: string, [C, M, k]: readonly number[]) =>
    b.node('Conv', [from, noise([M!, C!, k!, k!], M! + k!), noise([M!], M!)], k === 3 ? { pads: [1, 1, 1, 1] } : {}, {
      name,
      outputs: [name],
    });
  const first = b.node('Relu', [conv('a', x, [3, 8, 3])]);
  const second = b.node('Relu', [conv('b', first, [8, 12, 1])]);
  b.output(conv('y', second, [12, 5, 1]));
  return b.build();
}

describe('a family from public seams', () => {
  it.each(CASES)('computes the same in its reference, its body and the kernels: %d, %d, %d, %d', async (...sizes) => {
    const { graph, feeds } = squaresCase(7, sizes);
    const expected = [
      ...(evaluateGraph(graph, Object.entries(feeds), RUNTIME.operators).get('y')!.data as Float32Array),
    ];
    expect(await inOnnxRuntime(serializeModel(graph, BODIES), feeds.x!)).toEqual(expected);
    for (const [, build] of BUILDS) {
      const harness = new KernelHarness(plan(graph, RUNTIME, typesOf(feeds), { threads: 2 }), build, RUNTIME.operators);
      harness.feed(feeds);
      harness.run();
      expect(kernelsOf(harness.plan)).toEqual(['quantize', 'quantizedConv']);
      expect([...(harness.outputs().y!.data as Float32Array)]).toEqual(expected);
    }
  });

  it('converts, stands in the report, in inspect and in a worker', async () => {
    const dense = network();
    const feeds = Array.from({ length: 4 }, (_, i) => noise([16, 3, 8, 8], i));
    const options = { family: 'squares', layers: ['b', 'y'] };
    const { graph, report } = await convert(dense, { feeds }, options, { families: [SQUARES_FAMILY] });
    const rows = report.layers.filter(({ name }) => options.layers.includes(name));
    for (const row of rows) {
      expect(row).toMatchObject({ converted: true, family: 'squares', form: 'squares instead of QuantizedConv' });
      expect(row.relativeError).toBeLessThan(0.01);
    }
    expect(report.totals).toMatchObject({ converted: 2, lookups: 2 * 64 * (8 * 12 + 12 * 5) });

    const bytes = serializeModel(graph, BODIES);
    const { layers, totals } = inspectModel(bytes, 1, [], [SQUARES_FAMILY]);
    expect(layers.filter(({ op }) => op === 'lutra:Squares')).toMatchObject([
      { lookups: 2 * 64 * 8 * 12, tableBytes: 1020, kernels: ['quantizedConv'] },
      { lookups: 2 * 64 * 12 * 5, tableBytes: 1020, kernels: ['quantizedConv'] },
    ]);
    expect(totals.lookups).toBe(report.totals.lookups);

    const x = noise([2, 3, 8, 8], 99);
    const session = await InferenceSession.create(bytes, { workerUrl });
    const { y } = await session.run({ x: new Tensor('float32', x.data as Float32Array, x.dims) });
    await session.release();
    const expected = await inOnnxRuntime(bytes, x);
    for (const [i, value] of (y!.data as Float32Array).entries()) expect(value).toBeCloseTo(expected[i]!, 4);
    expect(parseModel(bytes).nodes.filter(({ op }) => op === 'Squares')).toHaveLength(2);
  });

  it('is refused by name where its operators are missing', async () => {
    const bytes = serializeModel(squaresCase(1, [1, 2, 3, 4]).graph, BODIES);
    await expect(InferenceSession.create(bytes, { worker: false })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('lutra:Squares'),
    });
  });

  it('has rows in the kernel benchmark', () => {
    const [, build] = BUILDS[0]!;
    const rows = kernelRows([MEASURED]).filter(({ name }) => name.startsWith('squares'));
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(MEASURED.cases));
    for (const row of rows) {
      const kernels = [...measureRow(row, build, new ClockMeter(), RUNTIME, 1).keys()];
      expect(kernels).toEqual(['quantize', 'quantizedConv']);
    }
  });
});
