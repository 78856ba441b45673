import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runInOnnxRuntime } from '../../../test/onnxruntime.js';
import { generator } from '../../../test/random-graph.js';
import { Executor } from '../../engine/executor.js';
import { COMPLETE_RUNTIME } from '../../plan/complete.js';
import { GraphBuilder } from '../builder.js';
import { elementCount } from '../tensor.js';
import type { Graph, TensorValue } from '../types.js';
import { optimize } from './optimize.js';

type Random = () => number;
type Byte = 'uint8' | 'int8';
const int = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1));
const pick = <T>(random: Random, items: readonly T[]): T => items[int(random, 0, items.length - 1)]!;

function bytes(random: Random, type: Byte, dims: readonly number[]): TensorValue {
  const middle = type === 'int8' ? 0 : 128;
  const numbers = Array.from({ length: elementCount(dims) }, () => middle + int(random, -127, 127));
  return { type, dims, data: type === 'int8' ? Int8Array.from(numbers) : Uint8Array.from(numbers) };
}

/** Builds QDQ graphs as exporters write them. */
class Quantized {
  readonly b = new GraphBuilder({ opset: 17 });
  readonly feeds: Record<string, TensorValue> = {};

  constructor(
    readonly random: Random,
    readonly type: Byte = pick(random, ['uint8', 'int8']),
  ) {}

  /** A quantized real value and its scale. */
  quantize(x: string, scale: number, zero = this.zero()): { real: string; scale: number } {
    const parameters = [this.b.floats([], [scale]), this.integer(zero)];
    const stored = this.b.node('QuantizeLinear', [x, ...parameters]);
    return { real: this.b.node('DequantizeLinear', [stored, ...parameters]), scale: Math.fround(scale) };
  }

  /** @param sized Whether the sizes behind the channels are declared. */
  input(name: string, dims: readonly number[], sized = true): { real: string; scale: number } {
    const data = Float32Array.from({ length: elementCount(dims) }, () => this.random() * 2 - 1);
    this.feeds[name] = { type: 'float32', dims, data };
    const declared = dims.map((size, axis) => (axis === 0 || (axis > 1 && !sized) ? `${name}${axis}` : size));
    return this.quantize(this.b.input(name, declared), 0.005 + this.random() * 0.006);
  }

  weight(dims: readonly number[], axis: number, perChannel: boolean, type: Byte): { real: string; scales: number[] } {
    const count = perChannel ? dims[axis]! : 1;
    const scales = Array.from({ length: count }, () => Math.fround(0.002 + this.random() * 0.01));
    const shape = perChannel ? [count] : [];
    const zero = type === 'int8' ? new Int8Array(count) : new Uint8Array(count).fill(this.zero('uint8'));
    const inputs = [
      this.b.constant(bytes(this.random, type, dims)),
      this.b.floats(shape, scales),
      this.b.constant({ type, dims: shape, data: zero }),
    ];
    return { real: this.b.node('DequantizeLinear', inputs, { axis }), scales };
  }

  bias(count: number, input: number, scales: readonly number[]): string {
    const data = Int32Array.from({ length: count }, () => int(this.random, -5000, 5000));
    const products = scales.map((scale) => input * scale);
    const shape = scales.length > 1 ? [count] : [];
    const inputs = [
      this.b.constant({ type: 'int32', dims: [count], data }),
      this.b.floats(shape, products),
      this.b.constant({ type: 'int32', dims: shape, data: new Int32Array(scales.length) }),
    ];
    return this.b.node('DequantizeLinear', inputs, { axis: 0 });
  }

  build(output: string): Graph {
    this.b.output(output);
    return this.b.build();
  }

  private zero(type: Byte = this.type): number {
    return int(this.random, 90, 160) - (type === 'int8' ? 128 : 0);
  }

  private integer(value: number): string {
    const data = this.type === 'int8' ? Int8Array.of(value) : Uint8Array.of(value);
    return this.b.constant({ type: this.type, dims: [], data });
  }
}

interface Case {
  readonly graph: Graph;
  readonly feeds: Record<string, TensorValue>;
}

function convolution(seed: number): Case {
  const random = generator(seed);
  const q = new Quantized(random);
  const groups = pick(random, [1, 1, 2, 6]);
  const [channels, outputs] = [6, 6 * int(random, 1, 3)];
  const x = q.input('x', [int(random, 1, 2), channels, int(random, 3, 9), int(random, 3, 9)]);
  const type = q.type === 'int8' ? 'int8' : pick<Byte>(random, ['int8', 'uint8']);
  const kernel = pick(random, [1, 3]);
  const w = q.weight([outputs, channels / groups, kernel, kernel], 0, random() < 0.5, type);
  const bias = random() < 0.7 ? [q.bias(outputs, x.scale, w.scales)] : [];
  const pad = kernel === 1 ? 0 : int(random, 0, 1);
  const attributes = { group: groups, pads: [pad, pad, pad, pad], strides: [1, int(random, 1, 2)] };
  const y = q.b.node('Conv', [x.real, w.real, ...bias], attributes);
  return { graph: q.build(q.quantize(y, 0.01 + random() * 0.02).real), feeds: q.feeds };
}

function product(seed: number): Case {
  const random = generator(seed);
  const q = new Quantized(random);
  const [rows, depth, columns] = [int(random, 1, 5), int(random, 1, 70), int(random, 1, 9)];
  const x = q.input('x', [rows, depth]);
  const type = q.type === 'int8' ? 'int8' : pick<Byte>(random, ['int8', 'uint8']);
  const kind = pick(random, ['Gemm', 'transposed', 'MatMul', 'both']);
  const transB = kind === 'transposed' ? 1 : 0;
  const w = q.weight(transB ? [columns, depth] : [depth, columns], 1 - transB, random() < 0.5, type);
  const gemm = () => {
    const bias = random() < 0.7 ? [q.bias(columns, x.scale, w.scales)] : [];
    return q.b.node('Gemm', [x.real, w.real, ...bias], { transB });
  };
  const multiply = () => {
    const other = kind === 'both' ? q.input('w', [depth, columns]).real : w.real;
    return q.b.node('MatMul', [x.real, other]);
  };
  const y = kind === 'MatMul' || kind === 'both' ? multiply() : gemm();
  return { graph: q.build(q.quantize(y, 0.01 + random() * 0.02).real), feeds: q.feeds };
}

function elementwise(seed: number): Case {
  const random = generator(seed);
  const q = new Quantized(random);
  const dims = [2, 5, int(random, 1, 9), int(random, 1, 9)];
  const [a, b] = [q.input('a', dims), q.input('b', dims)];
  const y = q.b.node(pick(random, ['Add', 'Mul']), [a.real, b.real]);
  return { graph: q.build(q.quantize(y, 0.008 + random() * 0.01).real), feeds: q.feeds };
}

/** What keeps integers, or averages them, and their way back to real numbers for an operator that knows none. */
function chain(seed: number): Case {
  const random = generator(seed);
  const q = new Quantized(random, 'uint8');
  const x = q.input('x', [int(random, 1, 2), 4, 6, 8], random() < 0.5);
  const [scale, zero] = [0.01, 128];
  const first = q.quantize(q.b.node('Neg', [x.real]), scale, zero);
  const pooled = q.quantize(q.b.node('MaxPool', [first.real], { kernel_shape: [2, 2], strides: [2, 2] }), scale, zero);
  const mean = q.quantize(q.b.node('GlobalAveragePool', [pooled.real]), 0.004 + random() * 0.004);
  const flat = q.b.node('Flatten', [mean.real]);
  return { graph: q.build(q.b.node('Neg', [flat])), feeds: q.feeds };
}

/** The same in operators on integers, as other exporters write them. */
function integerOperators(seed: number): Case {
  const random = generator(seed);
  const q = new Quantized(random, 'uint8');
  const byte = (value: number) => q.b.constant({ type: 'uint8', dims: [], data: Uint8Array.of(value) });
  const pair = (scale: number, zero: number) => [q.b.floats([], [scale]), byte(zero)];
  const dims = [1, 3, int(random, 3, 7), int(random, 3, 7)];
  q.feeds.x = {
    type: 'float32',
    dims,
    data: Float32Array.from({ length: elementCount(dims) }, () => random() * 2 - 1),
  };
  const input = pair(0.008, 120);
  const x = q.b.node('QuantizeLinear', [q.b.input('x', ['N', ...dims.slice(1)]), ...input]);
  const scales = Array.from({ length: 3 }, () => 0.002 + random() * 0.01);
  const weight = [
    q.b.constant(bytes(random, 'int8', [3, 3, 3, 3])),
    q.b.floats([3], scales),
    q.b.constant({ type: 'int8', dims: [3], data: new Int8Array(3) }),
  ];
  const bias = q.b.constant({ type: 'int32', dims: [3], data: Int32Array.of(-3000, 0, 900) });
  const inner = pair(0.02 + random() * 0.02, 100);
  const y = q.b.node('QLinearConv', [x, ...input, ...weight, ...inner, bias], { pads: [1, 1, 1, 1] });
  const microsoft = { domain: 'com.microsoft' };
  const outer = pair(0.03, 110);
  const sum = q.b.node(pick(random, ['QLinearAdd', 'QLinearMul']), [x, ...input, y, ...inner, ...outer], {}, microsoft);
  const last = pair(0.01, 128);
  const mean = q.b.node('QLinearGlobalAveragePool', [sum, ...outer, ...last], { channels_last: 0 }, microsoft);
  const flat = q.b.node('Flatten', [
    q.b.node('QLinearConcat', [...last, mean, ...last, mean, ...last], { axis: 1 }, microsoft),
  ]);
  const transB = int(random, 0, 1);
  const matrix = [
    q.b.constant(bytes(random, 'int8', transB ? [2, 6] : [6, 2])),
    q.b.floats([2], [0.006, 0.009]),
    q.b.constant({ type: 'int8', dims: [2], data: new Int8Array(2) }),
  ];
  const offset = q.b.constant({ type: 'int32', dims: [2], data: Int32Array.of(800, -70) });
  const product = q.b.node('QGemm', [flat, ...last, ...matrix, offset, ...last], { transB }, microsoft);
  return { graph: q.build(q.b.node('DequantizeLinear', [product, ...last])), feeds: q.feeds };
}

async function differing({ graph, feeds }: Case): Promise<number> {
  const executor = await Executor.create(graph, COMPLETE_RUNTIME);
  const [name, ours] = Object.entries(executor.run(feeds))[0]!;
  executor.dispose();
  const theirs = (await runInOnnxRuntime(graph, feeds, 'all'))[name]!;
  expect(ours.dims).toEqual(theirs.dims);
  const wanted = theirs.data as Float32Array;
  return (ours.data as Float32Array).reduce((count, value, i) => count + (value === wanted[i] ? 0 : 1), 0);
}

const SEEDS = fc.integer({ min: 1, max: 1e9 });
/** Operators of a quantized convolution after the pass. */
const INTEGER_CONVOLUTION = ['Div', 'Round', 'Conv', 'Mul', 'Round', 'Mul'];
const RUNS = { numRuns: 25 };

describe('computing in integers', () => {
  it.each(Object.entries({ convolution, product, elementwise, chain, integerOperators }))(
    'computes what integer kernels compute: %s',
    async (_, build) => {
      await fc.assert(
        fc.asyncProperty(SEEDS, async (seed) => {
          expect(await differing(build(seed))).toBe(0);
        }),
        RUNS,
      );
    },
  );

  it('leaves no quantization to the host and no float weights behind', () => {
    const { graph } = convolution(3);
    expect(optimize(graph, COMPLETE_RUNTIME).nodes.map(({ op }) => op)).toEqual(INTEGER_CONVOLUTION);
    const weights = optimize(graph, COMPLETE_RUNTIME).nodes.find(({ op }) => op === 'Conv')!.inputs[1]!;
    const { data } = optimize(graph, COMPLETE_RUNTIME).initializers.get(weights)!;
    expect((data as Float32Array).every(Number.isInteger)).toBe(true);
  });

  it('takes an activation in front of the quantization as bounds', async () => {
    const q = new Quantized(generator(8), 'uint8');
    const x = q.input('x', [1, 3, 5, 5]);
    const w = q.weight([4, 3, 1, 1], 0, false, 'int8');
    const y = q.b.node('Clip', [q.b.node('Conv', [x.real, w.real]), q.b.floats([], [-0.2]), q.b.floats([], [0.3])]);
    const graph = q.build(q.quantize(y, 0.01).real);
    expect(optimize(graph, COMPLETE_RUNTIME).nodes.map(({ op }) => op)).toEqual(INTEGER_CONVOLUTION);
    const executor = await Executor.create(graph, COMPLETE_RUNTIME);
    const values = Object.values(executor.run(q.feeds))[0]!.data as Float32Array;
    executor.dispose();
    expect([Math.min(...values), Math.max(...values)].map((value) => value.toFixed(4))).toEqual(['-0.2000', '0.3000']);
  });

  it('touches no network without quantized values', () => {
    const b = new GraphBuilder();
    b.output(b.node('Relu', [b.input('x', [1, 3])]));
    const graph = b.build();
    expect(optimize(graph, COMPLETE_RUNTIME)).toEqual(graph);
  });
});
