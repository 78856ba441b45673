import { elementCount, tensorValue } from '../../src/graph/tensor.js';
import type { Graph, Node, TensorValue } from '../../src/graph/types.js';

/** A small deterministic generator: property inputs stay numbers, so that failures shrink well. */
function generator(seed: number) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Writes graphs of lookup operators with random constants. */
export class Builder {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, TensorValue>();
  readonly random: () => number;
  constructor(seed: number) {
    this.random = generator(seed);
  }
  integer(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }
  constant(name: string, value: TensorValue): string {
    this.initializers.set(name, value);
    return name;
  }
  floats(name: string, dims: number[], low: number, high: number): string {
    const data = Float32Array.from({ length: elementCount(dims) }, () => low + this.random() * (high - low));
    return this.constant(name, tensorValue('float32', dims, data));
  }
  int8(name: string, dims: number[], most = 127): string {
    return this.constant(
      name,
      tensorValue(
        'int8',
        dims,
        Int8Array.from({ length: elementCount(dims) }, () => this.integer(-most, most)),
      ),
    );
  }
  node(
    op: string,
    name: string,
    inputs: string[],
    attributes: Node['attributes'],
    epilogue?: Node['epilogue'],
  ): string {
    this.nodes.push({
      name,
      op,
      domain: 'lutra',
      inputs,
      outputs: [name],
      attributes,
      ...(epilogue ? { epilogue } : {}),
    });
    return name;
  }
  encode(name: string, x: string, channels: number, s: EncodeSettings): string {
    const depth = channels / s.codebooks;
    const attributes = {
      K: s.K,
      kernel_shape: s.kernel,
      strides: s.strides,
      pads: s.pads,
      group: s.codebooks,
    };
    const scale = this.constant(`${name}.s`, tensorValue('float32', [], Float32Array.of(s.scale)));
    const zero = this.constant(`${name}.z`, tensorValue('uint8', [], Uint8Array.of(s.zero)));
    const quantization = [x, scale, zero];
    const taps = depth * s.kernel[0]! * s.kernel[1]!;
    if (s.tree) {
      const features = Int32Array.from({ length: s.codebooks * 4 }, () => this.integer(0, taps - 1));
      const thresholds = Uint8Array.from({ length: s.codebooks * 15 }, () => this.integer(0, 127));
      quantization.push(this.constant(`${name}.f`, tensorValue('int32', [s.codebooks, 4], features)));
      quantization.push(this.constant(`${name}.t`, tensorValue('uint8', [s.codebooks, 15], thresholds)));
      return this.node('EncodeTree', name, quantization, { ...attributes, K: 16 });
    }
    const rows = s.codebooks * s.K;
    // Small weights take the path of i16 sums.
    quantization.push(this.int8(`${name}.Q`, [rows, depth, ...s.kernel], s.ties || s.zero === 1 ? 30 : 127));
    // Few distinct values, so that equal scores happen.
    const biases = Int32Array.from({ length: rows }, () => this.integer(-3, 3) * (s.K > 8 ? 1000 : 1_000_000));
    if (s.ties && s.zero > 0) this.initializers.get(`${name}.Q`)!.data.fill(0 as never);
    quantization.push(this.constant(`${name}.b`, tensorValue('int32', [rows], biases)));
    return this.node('Encode', name, quantization, attributes);
  }
  /** The same bytes as `[rows, rest, 1, 1]`, by way of a matrix. */
  asRows(name: string, x: string, rows: number): string {
    const shape = BigInt64Array.of(BigInt(rows), -1n, 1n, 1n);
    this.constant(`${name}.shape`, tensorValue('int64', [4], shape));
    const plain = { domain: '', attributes: {} };
    this.nodes.push({ ...plain, name: `${name}.flat`, op: 'Flatten', inputs: [x], outputs: [`${name}.flat`] });
    const inputs = [`${name}.flat`, `${name}.shape`];
    this.nodes.push({ ...plain, name, op: 'Reshape', inputs, outputs: [name] });
    return name;
  }
  lookUp(
    name: string,
    codes: string,
    K: number,
    codebooks: number,
    s: LookUpSettings,
    epilogue?: Node['epilogue'],
  ): string {
    const inputs = [
      codes,
      this.int8(`${name}.T`, [s.outputs, codebooks * K, ...s.window]),
      this.floats(`${name}.a`, [s.outputs], -0.02, 0.02),
      this.floats(`${name}.c`, [s.outputs], -1, 1),
    ];
    const attributes = { K, kernel_shape: s.window, strides: s.strides, pads: s.pads };
    return this.node('LookUp', name, inputs, attributes, epilogue);
  }
  quantizedConv(name: string, x: string, channels: number, s: ConvSettings, epilogue?: Node['epilogue']): string {
    const inputs = [
      x,
      this.constant(`${name}.s`, tensorValue('float32', [], Float32Array.of(s.scale))),
      this.constant(`${name}.z`, tensorValue('uint8', [], Uint8Array.of(s.zero))),
      this.int8(`${name}.W`, [s.outputs, channels, ...s.kernel]),
      this.floats(`${name}.a`, [s.outputs], -0.002, 0.002),
      this.floats(`${name}.c`, [s.outputs], -1, 1),
    ];
    const attributes = { kernel_shape: s.kernel, strides: s.strides, pads: s.pads };
    return this.node('QuantizedConv', name, inputs, attributes, epilogue);
  }
  graph(x: TensorValue, outputs: string[]): Graph {
    return {
      name: 'test',
      opset: { '': 17, lutra: 1 },
      inputs: [{ name: 'x', type: x.type, dims: x.dims }],
      outputs: outputs.map((name) => ({ name, type: 'float32', dims: undefined })),
      nodes: this.nodes,
      initializers: this.initializers,
      metadata: {},
    };
  }
}

export interface EncodeSettings {
  K: number;
  codebooks: number;
  kernel: number[];
  strides: number[];
  pads: number[];
  scale: number;
  zero: number;
  tree: boolean;
  ties: boolean;
}
export interface LookUpSettings {
  outputs: number;
  window: number[];
  strides: number[];
  pads: number[];
}

export interface ConvSettings {
  outputs: number;
  kernel: number[];
  strides: number[];
  pads: number[];
  scale: number;
  zero: number;
}

/** Random values with all that is hard to quantize among them. */
export function input(random: () => number, dims: number[]): TensorValue {
  const data = Float32Array.from({ length: elementCount(dims) }, () => {
    const roll = random();
    if (roll < 0.02) return [Number.NaN, Infinity, -Infinity, -0, 1e30][Math.floor(random() * 5)]!;
    // Halves of the scale land on rounding ties.
    return roll < 0.3 ? Math.round(random() * 400 - 200) / 16 : random() * 30 - 15;
  });
  return tensorValue('float32', dims, data);
}
