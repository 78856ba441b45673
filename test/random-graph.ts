import { GraphBuilder } from '../src/graph/builder.js';
import type { Graph, TensorValue } from '../src/graph/types.js';

/** Uniform numbers in [0, 1) from a seed (mulberry32): a failing seed is a failing case. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface RandomGraph {
  readonly graph: Graph;
  /** One tensor per graph input. */
  readonly feeds: Readonly<Record<string, TensorValue>>;
}

interface Value {
  readonly name: string;
  /** Without the batch. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * A random image network of the standard operators, with what exporters leave behind: identities, dropout, constant
 * arithmetic, layout changes, explicit padding, shape arithmetic, repeated and unused work. The batch is symbolic.
 *
 * @param seed same seed, same network
 * @param steps how many operators or small groups of them
 */
export function randomGraph(seed: number, steps = 12): RandomGraph {
  return new RandomNetwork(seed).build(steps);
}

class RandomNetwork {
  private readonly random: () => number;
  private readonly builder = new GraphBuilder({ opset: 17 });
  private readonly values: Value[] = [];
  private readonly batch: number;

  constructor(seed: number) {
    this.random = generator(seed);
    this.batch = this.int(1, 3);
  }

  build(steps: number): RandomGraph {
    const [channels, height, width] = [this.int(1, 6), this.int(5, 11), this.int(5, 11)];
    const name = this.builder.input('x', ['N', channels, height, width]);
    this.values.push({ name, channels, height, width });
    const feed = this.tensor([this.batch, channels, height, width], 2);
    for (let step = 0; step < steps; step++) this.step();
    const outputs = new Set([this.values.at(-1)!, this.pick(this.values.slice(1))]);
    for (const { name } of outputs) this.builder.output(name);
    this.head(this.pick(this.values));
    return { graph: this.builder.build(), feeds: { x: feed } };
  }

  private step(): void {
    // Mostly the newest value, so that networks are deep; sometimes an older one, so that they branch.
    const x = this.random() < 0.75 ? this.values.at(-1)! : this.pick(this.values);
    const steps = [
      () => this.convolution(x),
      () => this.convolution(x),
      () => this.residual(x),
      () => this.normalize(x),
      () => this.activate(x),
      () => this.arithmetic(x),
      () => this.padded(x),
      () => this.channelsLast(x),
      () => this.pool(x),
      () => this.sum(x),
      () => this.concatenate(x),
      () => this.passThrough(x),
      () => this.reshapeBack(x),
      () => this.twice(x),
      () => this.upsample(x),
    ];
    this.pick(steps)();
  }

  private int(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]!;
  }

  private tensor(dims: number[], size = 1, offset = 0): TensorValue {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return {
      type: 'float32',
      dims,
      data: Float32Array.from({ length: count }, () => offset + (this.random() * 2 - 1) * size),
    };
  }

  private add(name: string, x: Value, change: Partial<Value> = {}): Value {
    const value = { ...x, ...change, name };
    this.values.push(value);
    return value;
  }

  private convolution(
    x: Value,
    pads = this.pick([
      [0, 0, 0, 0],
      [1, 1, 1, 1],
      [0, 1, 1, 0],
    ]),
  ): Value {
    const kernel = [Math.min(this.int(1, 3), x.height), Math.min(this.int(1, 3), x.width)] as const;
    const stride = this.int(1, 2);
    const group = x.channels % 2 === 0 && this.random() < 0.3 ? 2 : 1;
    const channels = group * this.int(1, 4);
    const inputs = [x.name, this.tensor([channels, x.channels / group, ...kernel])];
    if (this.random() < 0.5) inputs.push(this.tensor([channels]));
    const name = this.builder.node('Conv', inputs, { pads, strides: [stride, stride], group, kernel_shape: kernel });
    return this.add(name, x, {
      channels,
      height: Math.floor((x.height + pads[0]! + pads[2]! - kernel[0]) / stride) + 1,
      width: Math.floor((x.width + pads[1]! + pads[3]! - kernel[1]) / stride) + 1,
    });
  }

  /** relu(x + conv(x)), the block of a ResNet. */
  private residual(x: Value): void {
    const w = this.tensor([x.channels, x.channels, 3, 3], 0.3);
    let y = this.builder.node('Conv', [x.name, w], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] });
    if (this.random() < 0.5) y = this.normalizeName(y, x.channels);
    const sum = this.builder.node('Add', this.random() < 0.5 ? [x.name, y] : [y, x.name]);
    this.activate(this.add(sum, x));
  }

  private normalize(x: Value): void {
    this.add(this.normalizeName(x.name, x.channels), x);
  }

  private normalizeName(x: string, channels: number): string {
    const positive = this.tensor([channels], 0.4, 0.9);
    return this.builder.node('BatchNormalization', [
      x,
      positive,
      this.tensor([channels]),
      this.tensor([channels]),
      positive,
    ]);
  }

  private activate(x: Value): void {
    const b = this.builder;
    const node = this.pick([
      () => b.node('Relu', [x.name]),
      () => b.node('LeakyRelu', [x.name], { alpha: 0.25 }),
      () => b.node('HardSwish', [x.name]),
      () => b.node('Sigmoid', [x.name]),
      () => b.node('Clip', [x.name, b.floats([], [0]), b.floats([], [6])]),
      () => b.node('Clip', [x.name, '', b.floats([], [1])]),
      () => b.node('Mul', [x.name, b.node('HardSigmoid', [x.name], { alpha: Math.fround(1 / 6), beta: 0.5 })]),
    ]);
    this.add(node(), x);
  }

  private arithmetic(x: Value): void {
    const dims = this.pick([[x.channels, 1, 1], [1, x.channels, 1, 1], [1], [], [1, 1, x.width], [x.height, 1]]);
    const constant = this.tensor(dims, 0.5, 1.2);
    const op = this.pick(['Add', 'Sub', 'Mul', 'Div']);
    const swapped = this.random() < 0.3 && op !== 'Div';
    this.add(this.builder.node(op, swapped ? [constant, x.name] : [x.name, constant]), x);
  }

  private padded(x: Value): void {
    const [top, left, bottom, right] = [this.int(0, 1), this.int(0, 1), this.int(0, 1), this.int(0, 1)];
    const pads = this.builder.ints(0, 0, top, left, 0, 0, bottom, right);
    const fill = this.pick([[], [this.builder.floats([], [0])], [this.builder.floats([], [0.5])]]);
    const padded = this.random() < 0.5 ? this.builder.node('Relu', [x.name]) : x.name;
    const name = this.builder.node('Pad', [padded, pads, ...fill]);
    const value = this.add(name, x, { height: x.height + top + bottom, width: x.width + left + right });
    if (this.random() < 0.5) this.convolution(value);
    else this.pool(value);
  }

  /** An element-wise stretch in NHWC between two layout changes. */
  private channelsLast(x: Value): void {
    const b = this.builder;
    let y = b.node('Transpose', [x.name], { perm: [0, 2, 3, 1] });
    if (this.random() < 0.7) y = b.node('Add', [y, this.tensor([x.channels])]);
    if (this.random() < 0.5) y = b.node('Relu', [y]);
    if (this.random() < 0.5) y = b.node('Mul', [this.tensor([x.width, x.channels]), y]);
    this.add(b.node('Transpose', [y], { perm: [0, 3, 1, 2] }), x);
  }

  private pool(x: Value): void {
    const size = 2;
    if (x.height < size || x.width < size) return;
    const pads = this.pick([
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ]);
    const attributes = { kernel_shape: [size, size], strides: [1, 1], pads };
    const name = this.builder.node(this.pick(['MaxPool', 'AveragePool']), [x.name], attributes);
    const grow = pads[0]! * 2 - size + 1;
    this.add(name, x, { height: x.height + grow, width: x.width + grow });
  }

  private sum(x: Value): void {
    const same = this.values.filter((y) => y.channels === x.channels && y.height === x.height && y.width === x.width);
    this.add(this.builder.node('Add', [x.name, this.pick(same).name]), x);
  }

  private concatenate(x: Value): void {
    const same = this.values.filter((y) => y.height === x.height && y.width === x.width);
    const y = this.pick(same);
    const name = this.builder.node('Concat', [x.name, y.name], { axis: 1 });
    if (x.channels + y.channels <= 24) this.add(name, x, { channels: x.channels + y.channels });
  }

  private passThrough(x: Value): void {
    const op = this.pick(['Identity', 'Dropout']);
    this.add(this.builder.node(op, [x.name]), x);
  }

  /** Reshape to [N, C, H·W] and back, with the sizes computed from the shape as exporters do. */
  private reshapeBack(x: Value): void {
    const b = this.builder;
    const shape = b.node('Shape', [x.name]);
    const batch = b.node('Gather', [shape, b.ints(0)], { axis: 0 });
    const flat = b.node('Reshape', [x.name, b.node('Concat', [batch, b.ints(x.channels, -1)], { axis: 0 })]);
    this.add(b.node('Reshape', [flat, shape]), x);
  }

  /** The same convolution computed twice, and one result that nothing reads. */
  private twice(x: Value): void {
    const b = this.builder;
    const w = b.constant(this.tensor([3, x.channels, 1, 1]));
    const [first, second] = [b.node('Conv', [x.name, w]), b.node('Conv', [x.name, w])];
    b.node('Exp', [second]);
    this.add(b.node('Mul', [first, second]), x, { channels: 3 });
  }

  private upsample(x: Value): void {
    const group = x.channels % 2 === 0 && this.random() < 0.5 ? 2 : 1;
    const perGroup = this.int(1, 3);
    const w = this.tensor([x.channels, perGroup, 2, 2]);
    const y = this.builder.node('ConvTranspose', [x.name, w], { strides: [1, 1], group, kernel_shape: [2, 2] });
    const value = this.add(y, x, { channels: perGroup * group, height: x.height + 1, width: x.width + 1 });
    this.normalize(value);
  }

  /** Global pooling and two linear layers, as a second output. */
  private head(x: Value): void {
    const b = this.builder;
    const flat = b.node('Flatten', [b.node('GlobalAveragePool', [x.name])]);
    const hidden = b.node('Add', [b.node('MatMul', [flat, this.tensor([x.channels, 5])]), this.tensor([5])]);
    const gemm = b.node('Gemm', [b.node('Relu', [hidden]), this.tensor([4, 5]), this.tensor([4])], {
      transB: 1,
      alpha: 0.5,
      beta: 2,
    });
    b.output(
      b.node('Add', [b.node('Mul', [gemm, this.tensor([1, 4])]), b.floats([], [0.5])], {}, { outputs: ['logits'] }),
    );
  }
}
