import { describe, expect, it } from 'vitest';
import { WeightSource } from '../../bench/networks/weights.js';
import { GraphBuilder } from '../graph/builder.js';
import { tensorValue } from '../graph/tensor.js';
import type { Graph, TensorValue } from '../graph/types.js';
import { serializeModel } from '../onnx/serialize.js';
import { convert, type PlanReport } from './index.js';
import { seededRandom } from './random.js';
import type { ConvertOptions } from './types.js';

/** Four convolutions of up to 32 channels and a classifier of four classes, or without it. */
function network(classifies = true): Graph {
  const weights = new WeightSource(5);
  const builder = new GraphBuilder({ opset: 13 });
  let x = builder.input('x', ['N', 3, 12, 12]);
  for (const [name, C, O] of [
    ['stem', 3, 16],
    ['a', 16, 32],
    ['b', 32, 32],
    ['c', 32, 32],
  ] as const) {
    const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    x = builder.node('Conv', [x, weights.he([O, C, 3, 3]), weights.small([O])], attributes, { name });
    x = builder.node('Relu', [x]);
  }
  if (classifies) {
    x = builder.node('Flatten', [builder.node('GlobalAveragePool', [x])]);
    x = builder.node('Gemm', [x, weights.he([4, 32]), weights.small([4])], { transB: 1 }, { name: 'y' });
  }
  builder.output(x, classifies ? ['N', 4] : ['N', 32, 12, 12]);
  return builder.build();
}

function batches(count: number): TensorValue[] {
  const random = seededRandom(9);
  return Array.from({ length: count }, () => {
    const data = new Float32Array(16 * 3 * 144);
    for (let plane = 0; plane < 48; plane++) {
      const [fy, fx, phase, level] = [random(), random(), random() * 6, random() - 0.5];
      for (let i = 0; i < 144; i++) {
        data[plane * 144 + i] = level + Math.sin(fy * Math.floor(i / 12) + fx * (i % 12) + phase);
      }
    }
    return tensorValue('float32', [16, 3, 12, 12], data);
  });
}

async function planWith(options: ConvertOptions, graph = network()) {
  const { graph: converted, report } = await convert(graph, { feeds: batches(8) }, options);
  return { plan: report.plan as PlanReport, report, bytes: serializeModel(converted).length };
}

describe('a plan of the whole network', () => {
  it('is as fast as asked by the cost models, and reports what was predicted and measured', async () => {
    const { plan, report } = await planWith({ speedup: 1.5 });
    expect(plan.predicted.speedup).toBeGreaterThanOrEqual(1.5);
    expect(plan.metric).toBe('agreement');
    expect(plan.measured!.drop).toBeCloseTo(100 - report.heldOut!.agreement, 6);
    expect(plan.points[plan.chosen]!.forms).toEqual(plan.predicted.forms);
    expect(plan.points[plan.chosen]!.nanoseconds).toBe(plan.predicted.nanoseconds);
    for (const [i, point] of plan.points.entries()) {
      if (i === 0) continue;
      expect(point.nanoseconds).toBeGreaterThan(plan.points[i - 1]!.nanoseconds);
      expect(point.drop).toBeLessThanOrEqual(plan.points[i - 1]!.drop!);
    }
    // What became of the layers is what was planned, and takes the time that was planned.
    for (const { name, converted, form, reason } of report.layers) {
      const planned = plan.predicted.forms[name];
      expect(converted ? form!.replace(', codes shared', '') : 'dense').toBe(planned);
      if (!converted) expect(reason).toBe('plan');
    }
  });

  it('converts to any point of its curve when asked for the speed of that point', async () => {
    const { plan } = await planWith({ speedup: 1.3 });
    const other = plan.points[Math.floor(plan.points.length / 3)]!;
    expect((await planWith({ speedup: other.speedup })).plan.predicted.forms).toEqual(other.forms);
  });

  it('is faster for a larger drop, and keeps within it', async () => {
    const [strict, loose] = [await planWith({ maxDrop: 1 }), await planWith({ maxDrop: 30 })];
    expect(loose.plan.predicted.speedup).toBeGreaterThan(strict.plan.predicted.speedup);
    expect(loose.plan.predicted.speedup).toBeGreaterThan(1.5);
    expect(strict.plan.measured!.drop).toBeLessThanOrEqual(1);
    expect(loose.plan.measured!.drop).toBeLessThanOrEqual(30);
  });

  it('says that few examples tell little', async () => {
    const { report } = await planWith({ maxDrop: 1 });
    expect(report.warnings.join()).toMatch(/calibration set is small: with 43 held-out examples a drop is known to ±/);
  });

  it('keeps within a size', async () => {
    const whole = serializeModel(network()).length;
    const { bytes, plan } = await planWith({ speedup: 1.2, maxBytes: Math.round(whole * 0.6) });
    expect(bytes).toBeLessThanOrEqual(whole * 0.6);
    for (const point of plan.points) expect(point.bytes).toBeLessThanOrEqual(whole * 0.6);
  });

  it('plans networks that do not classify for a speed', async () => {
    const { plan } = await planWith({ speedup: 1.5 }, network(false));
    expect(plan.predicted.speedup).toBeGreaterThanOrEqual(1.5);
    expect(plan.metric).toBeUndefined();
    expect(plan.predicted.drop).toBeUndefined();
  });

  it('gives a family alone, and leaves excluded layers dense', async () => {
    const { report } = await planWith({ maxDrop: 30, family: 'coded', exclude: ['b'] });
    expect(new Set(report.layers.flatMap(({ family }) => family ?? []))).toEqual(new Set(['coded']));
    expect(report.layers.find(({ name }) => name === 'b')).toMatchObject({ converted: false, reason: 'excluded' });
  });

  it.each([
    ['a speed that none has', { speedup: 100 }, /no network is as fast/, /a speedup of at most \d/],
    [
      'a drop that none has at that speed',
      { speedup: 2, maxDrop: 0 },
      /no converted network loses so little/,
      /0 points/,
    ],
    ['a size that none has', { maxDrop: 1, maxBytes: 5000 }, /fits in the largest allowed file/, /at least \d+ bytes/],
  ])('refuses %s and says how close it comes', async (_, options, message, expected) => {
    await expect(planWith(options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
      expected: expect.stringMatching(expected),
      hint: expect.any(String),
    });
  });

  it('refuses a drop of a network without classes', async () => {
    await expect(planWith({ maxDrop: 1 }, network(false))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
