import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { allocate, tensorValue } from '../graph/tensor.js';
import { serializeModel } from '../onnx/serialize.js';
import { LOOKUP_OPERATORS } from './evaluate.js';

/** Small deterministic generator (mulberry32), so that a failing seed is a failing case. */
function random(seed: number): (low: number, high: number) => number {
  let state = seed;
  return (low, high) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return low + Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * (high - low + 1));
  };
}

const fill = (length: number, next: () => number) => Array.from({ length }, next);

interface Case {
  seed: number;
  opset: number;
  n: number;
  g: number;
  B: number;
  K: number;
  M: number;
  H: number;
  W: number;
  kernel: [number, number];
  strides: [number, number];
  pads: [number, number, number, number];
  window: [number, number];
}

const cases = fc.record<Case>({
  seed: fc.integer(),
  opset: fc.constantFrom(13, 15, 17, 18, 20, 21, 22),
  n: fc.integer({ min: 1, max: 2 }),
  g: fc.integer({ min: 1, max: 4 }),
  B: fc.integer({ min: 1, max: 5 }),
  K: fc.constantFrom(2, 5, 16, 64),
  M: fc.integer({ min: 1, max: 7 }),
  H: fc.integer({ min: 3, max: 9 }),
  W: fc.integer({ min: 3, max: 9 }),
  kernel: fc.constantFrom([1, 1], [3, 3], [1, 3], [3, 2]),
  strides: fc.constantFrom([1, 1], [2, 2], [1, 2]),
  pads: fc.constantFrom([0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 2, 1]),
  window: fc.constantFrom([1, 1], [3, 1], [3, 3]),
});

/** The network of a case: Encode or EncodeTree, then LookUp, with dynamic N, H and W. Also returns the parts to compute it by hand. */
function build(c: Case, tree: boolean) {
  const next = random(c.seed);
  const b = new GraphBuilder({ opset: c.opset });
  const [kh, kw] = c.kernel;
  const C = c.g * c.B;
  const K = tree ? 16 : c.K;
  const scale = next(1, 1000) / 8192;
  const zeroPoint = next(0, 127);
  const Q = fill(c.B * K * c.g * kh * kw, () => next(-127, 127));
  // Few distinct biases and many zero weights would hide ties: repeat rows to force them.
  const bias = fill(c.B * K, () => next(-3, 3));
  for (let k = 1; k < K; k += 3) {
    const size = c.g * kh * kw;
    for (let i = 0; i < size; i++) Q[k * size + i] = Q[i]!;
    bias[k] = bias[0]!;
  }
  const features = fill(c.B * 4, () => next(0, c.g * kh * kw - 1));
  const thresholds = fill(c.B * 15, () => next(0, 127));
  const table = fill(c.M * c.B * K * c.window[0] * c.window[1], () => next(-127, 127));
  const scales = Float32Array.from({ length: c.M }, () => next(-1000, 1000) / 333);
  const shifts = Float32Array.from({ length: c.M }, () => next(-1000, 1000) / 77);
  const x = Float32Array.from({ length: c.n * C * c.H * c.W }, () => {
    const kind = next(0, 20);
    if (kind === 0) return Number.NaN;
    if (kind === 1) return Number.POSITIVE_INFINITY;
    if (kind === 2) return Number.NEGATIVE_INFINITY;
    // Halves of the scale meet the ties of rounding.
    return (next(-400, 400) / 2) * scale;
  });
  b.input('x', ['N', C, 'H', 'W']);
  const int8 = (dims: number[], data: number[]) => ({ type: 'int8' as const, dims, data: Int8Array.from(data) });
  const shared = [
    'x',
    { type: 'float32' as const, dims: [], data: Float32Array.of(scale) },
    { type: 'uint8' as const, dims: [], data: Uint8Array.of(zeroPoint) },
  ];
  const attributes = { K, kernel_shape: c.kernel, strides: c.strides, pads: c.pads, group: c.B };
  const options = { domain: 'lutra', outputs: ['codes'] };
  if (tree) {
    const inputs = [
      { type: 'int32' as const, dims: [c.B, 4], data: Int32Array.from(features) },
      { type: 'uint8' as const, dims: [c.B, 15], data: Uint8Array.from(thresholds) },
    ];
    b.node('EncodeTree', [...shared, ...inputs], attributes, options);
  } else {
    const inputs = [
      int8([c.B * K, c.g, kh, kw], Q),
      { type: 'int32' as const, dims: [c.B * K], data: Int32Array.from(bias) },
    ];
    b.node('Encode', [...shared, ...inputs], attributes, options);
  }
  const pad = c.window.map((size) => (size - 1) / 2) as [number, number];
  b.node(
    'LookUp',
    ['codes', int8([c.M, c.B * K, ...c.window], table), b.floats([c.M], scales), b.floats([c.M], shifts)],
    // strides and kernel_shape left to their defaults
    { K, pads: [...pad, ...pad] },
    { domain: 'lutra', outputs: ['y'] },
  );
  b.output('codes', undefined, 'uint8');
  b.output('y');

  const roundHalfEven = (v: number) => {
    const floor = Math.floor(v);
    if (v - floor !== 0.5) return Math.round(v);
    return floor % 2 === 0 ? floor : floor + 1;
  };
  const quantize = (v: number) => {
    if (Number.isNaN(v)) return 0;
    return Math.min(127, Math.max(0, roundHalfEven(Math.fround(v / Math.fround(scale))) + zeroPoint));
  };
  const [top, left, bottom, right] = c.pads;
  const Ho = Math.floor((c.H + top + bottom - kh) / c.strides[0]) + 1;
  const Wo = Math.floor((c.W + left + right - kw) / c.strides[1]) + 1;
  const a = (n: number, channel: number, y: number, xx: number) =>
    y < 0 || xx < 0 || y >= c.H || xx >= c.W ? 0 : quantize(x[((n * C + channel) * c.H + y) * c.W + xx]!) - zeroPoint;
  const codes: number[] = [];
  for (let n = 0; n < c.n; n++)
    for (let book = 0; book < c.B; book++)
      for (let y = 0; y < Ho; y++)
        for (let xx = 0; xx < Wo; xx++) {
          const sub: number[] = [];
          for (let g = 0; g < c.g; g++)
            for (let i = 0; i < kh; i++)
              for (let j = 0; j < kw; j++)
                sub.push(a(n, book * c.g + g, y * c.strides[0] + i - top, xx * c.strides[1] + j - left));
          let code = 0;
          if (tree) {
            for (let depth = 0; depth < 4; depth++) {
              const q = sub[features[book * 4 + depth]!]! + zeroPoint;
              code = 2 * code + (q > thresholds[book * 15 + 2 ** depth - 1 + code]! ? 1 : 0);
            }
          } else {
            const scores = fill(K, () => 0).map((_, k) =>
              sub.reduce((s, v, i) => s + v * Q[(book * K + k) * sub.length + i]!, bias[book * K + k]!),
            );
            code = scores.indexOf(Math.max(...scores));
          }
          codes.push(code);
        }
  const Hl = Ho + 2 * pad[0] - c.window[0] + 1;
  const Wl = Wo + 2 * pad[1] - c.window[1] + 1;
  const y: number[] = [];
  for (let n = 0; n < c.n; n++)
    for (let m = 0; m < c.M; m++)
      for (let py = 0; py < Hl; py++)
        for (let px = 0; px < Wl; px++) {
          let sum = 0;
          for (let book = 0; book < c.B; book++)
            for (let i = 0; i < c.window[0]; i++)
              for (let j = 0; j < c.window[1]; j++) {
                const yy = py + i - pad[0];
                const xx = px + j - pad[1];
                if (yy < 0 || xx < 0 || yy >= Ho || xx >= Wo) continue;
                const code = codes[((n * c.B + book) * Ho + yy) * Wo + xx]!;
                sum += table[((m * c.B * K + book * K + code) * c.window[0] + i) * c.window[1] + j]!;
              }
          y.push(Math.fround(Math.fround(sum * scales[m]!) + shifts[m]!));
        }
  return { graph: b.build(), x, dims: [c.n, C, c.H, c.W], codes, y };
}

describe('function bodies in onnxruntime', () => {
  it.each([
    ['Encode', false],
    ['EncodeTree', true],
  ])('%s and LookUp compute what the specification says', async (_, tree) => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const { graph, x, dims, codes, y } = build(c, tree);
        const bytes = serializeModel(graph);
        // Without rewriting, every rounding is the specified one; with it, scales move into weights.
        for (const [graphOptimizationLevel, tolerance] of [
          ['disabled', 0],
          ['all', 1e-5],
        ] as const) {
          const session = await ort.InferenceSession.create(bytes, {
            graphOptimizationLevel,
            intraOpNumThreads: 1,
            logSeverityLevel: 3,
          });
          const result = await session.run({ x: new ort.Tensor('float32', x, dims) });
          expect(Array.from(result.codes!.data as Uint8Array)).toEqual(codes);
          const actual = result.y!.data as Float32Array;
          expect(actual.length).toBe(y.length);
          const size = Math.max(1, ...y.map(Math.abs));
          expect(Math.max(...y.map((v, i) => Math.abs(v - actual[i]!))) / size).toBeLessThanOrEqual(tolerance);
          await session.release();
        }
      }),
      { numRuns: 15 },
    );
  });

  it('QuantizedConv computes what the operator says', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const next = random(c.seed);
        const b = new GraphBuilder({ opset: c.opset });
        const [kh, kw] = c.kernel;
        const x = tensorValue(
          'float32',
          [c.n, c.g, c.H, c.W],
          Float32Array.from({ length: c.n * c.g * c.H * c.W }, () => (next(0, 20) ? next(-400, 400) / 16 : Number.NaN)),
        );
        const floats = (limit: number) => Float32Array.from({ length: c.M }, () => next(-1000, 1000) / limit);
        const weights = Int8Array.from({ length: c.M * c.g * kh * kw }, () => next(-127, 127));
        const inputs = [
          b.input('x', ['N', c.g, 'H', 'W']),
          b.constant(tensorValue('float32', [], Float32Array.of(0.125))),
          b.constant(tensorValue('uint8', [], Uint8Array.of(next(0, 127)))),
          b.constant(tensorValue('int8', [c.M, c.g, kh, kw], weights)),
          b.floats([c.M], floats(333)),
          b.floats([c.M], floats(77)),
        ];
        const attributes = { kernel_shape: c.kernel, strides: c.strides, pads: c.pads };
        b.output(b.node('QuantizedConv', inputs, attributes, { domain: 'lutra', outputs: ['y'] }));
        const graph = b.build();
        const node = graph.nodes[0]!;
        const values = node.inputs.map((name) => graph.initializers.get(name) ?? x);
        const operator = LOOKUP_OPERATORS.find(({ name }) => name === 'QuantizedConv')!;
        const types = operator.infer({ node, opset: 1, inputs: values.map((value) => ({ ...value, value })) });
        const [expected] = types.map(({ type, dims }) => allocate(type, dims));
        operator.evaluate({ node, opset: 1, inputs: values }, [expected!]);
        const session = await ort.InferenceSession.create(serializeModel(graph), {
          graphOptimizationLevel: 'disabled',
          logSeverityLevel: 3,
        });
        const { y } = await session.run({ x: new ort.Tensor('float32', x.data as Float32Array, x.dims) });
        expect([...(y!.data as Float32Array)]).toEqual([...(expected!.data as Float32Array)]);
        await session.release();
      }),
      { numRuns: 15 },
    );
  });
});
