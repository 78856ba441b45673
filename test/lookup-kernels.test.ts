import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEpilogue } from '../src/engine/epilogue.js';
import { allocate, elementCount, tensorValue } from '../src/graph/tensor.js';
import type { Activation, Graph, Node, TensorValue } from '../src/graph/types.js';
import { unshareMemory } from '../src/kernels/memory-flag.js';
import { findOperator } from '../src/ops/registry.js';
import { plan } from '../src/plan/plan.js';
import type { Plan } from '../src/plan/types.js';
import { WASM_BUILDS } from './wasm-builds.js';

/**
 * Graphs of lookup operators, planned and run on the Wasm kernels, against `evaluate` of the same nodes. Sizes are odd on
 * purpose. Every build that validates here takes part: Node 20 has no relaxed SIMD, Node 22 and later do.
 */

type Kernel = (params: number, begin: number, end: number, thread: number) => void;
interface Build {
  readonly module: WebAssembly.Module;
  readonly shared: boolean;
}
const BUILDS: Readonly<Record<string, Build>> = Object.fromEntries(
  Object.entries(WASM_BUILDS)
    .filter(([, bytes]) => WebAssembly.validate(bytes))
    .flatMap(([name, bytes]) => [
      [name, { module: new WebAssembly.Module(bytes), shared: true }],
      [`${name} unshared`, { module: new WebAssembly.Module(unshareMemory(bytes).slice()), shared: false }],
    ]),
);

/** Runs every step, its tiles split between `threads` instances in turn (last thread first: order must not matter). */
function runPlan(
  planned: Plan,
  feeds: Record<string, TensorValue>,
  { module, shared }: Build,
): Record<string, TensorValue> {
  const pages = Math.ceil(planned.memoryBytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared });
  const bytes = new Uint8Array(memory.buffer);
  const instances = Array.from(
    { length: planned.threads },
    () => new WebAssembly.Instance(module, { env: { memory } }).exports,
  );
  for (const { offset, data } of planned.constants) bytes.set(data, offset);
  for (const { offset, bytes: count, value } of planned.fills) bytes.fill(value, offset, offset + count);
  for (let repeat = 0; repeat < 2; repeat++) {
    for (const { name, offset } of planned.inputs) {
      const { data } = feeds[name]!;
      const view = data as Float32Array;
      bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset);
    }
    for (const step of planned.steps) {
      if (step.kind !== 'kernel') throw new Error(`${step.node} was not lowered`);
      for (let thread = planned.threads - 1; thread >= 0; thread--) {
        const begin = Math.floor((step.tiles * thread) / planned.threads);
        const end = Math.floor((step.tiles * (thread + 1)) / planned.threads);
        (instances[thread]![step.kernel] as Kernel)(step.params, begin, end, thread);
      }
    }
  }
  return Object.fromEntries(
    planned.outputs.map(({ name, type, dims, offset }) => {
      const result = allocate(type, dims);
      const view = result.data as Uint8Array;
      const size = view.byteLength;
      new Uint8Array(view.buffer).set(bytes.subarray(offset, offset + size));
      return [name, result];
    }),
  );
}

/** Walks the graph with `evaluate` alone. */
function reference(graph: Graph, feeds: Record<string, TensorValue>): Map<string, TensorValue> {
  const values = new Map<string, TensorValue>([...graph.initializers, ...Object.entries(feeds)]);
  for (const node of graph.nodes) {
    const opset = node.domain ? 1 : 17;
    const operator = findOperator(node.domain, node.op, opset)!;
    const inputs = node.inputs.map((name) => values.get(name)!);
    const types = operator.infer({ node, opset, inputs: inputs.map((value) => ({ ...value, value })) });
    const outputs = types.map(({ type, dims }) => allocate(type, dims));
    operator.evaluate({ node, opset, inputs }, outputs);
    if (node.epilogue) applyEpilogue(node.epilogue, outputs[0]!, values.get(node.epilogue.residual ?? ''));
    node.outputs.forEach((name, i) => void values.set(name, outputs[i]!));
  }
  return values;
}

/** A small deterministic generator: property inputs stay numbers, so that failures shrink well. */
function generator(seed: number) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

class Builder {
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
    const quantisation = [x, scale, zero];
    const taps = depth * s.kernel[0]! * s.kernel[1]!;
    if (s.tree) {
      const features = Int32Array.from({ length: s.codebooks * 4 }, () => this.integer(0, taps - 1));
      const thresholds = Uint8Array.from({ length: s.codebooks * 15 }, () => this.integer(0, 127));
      quantisation.push(this.constant(`${name}.f`, tensorValue('int32', [s.codebooks, 4], features)));
      quantisation.push(this.constant(`${name}.t`, tensorValue('uint8', [s.codebooks, 15], thresholds)));
      return this.node('EncodeTree', name, quantisation, { ...attributes, K: 16 });
    }
    const rows = s.codebooks * s.K;
    // Small weights take the path of i16 sums.
    quantisation.push(this.int8(`${name}.Q`, [rows, depth, ...s.kernel], s.ties || s.zero === 1 ? 30 : 127));
    // Few distinct values, so that equal scores happen.
    const biases = Int32Array.from({ length: rows }, () => this.integer(-3, 3) * (s.K > 8 ? 1000 : 1_000_000));
    if (s.ties && s.zero > 0) this.initializers.get(`${name}.Q`)!.data.fill(0 as never);
    quantisation.push(this.constant(`${name}.b`, tensorValue('int32', [rows], biases)));
    return this.node('Encode', name, quantisation, attributes);
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

interface EncodeSettings {
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
interface LookUpSettings {
  outputs: number;
  window: number[];
  strides: number[];
  pads: number[];
}

function input(random: () => number, dims: number[]): TensorValue {
  const data = Float32Array.from({ length: elementCount(dims) }, () => {
    const roll = random();
    if (roll < 0.02) return [Number.NaN, Infinity, -Infinity, -0, 1e30][Math.floor(random() * 5)]!;
    // Halves of the scale land on rounding ties.
    return roll < 0.3 ? Math.round(random() * 400 - 200) / 16 : random() * 30 - 15;
  });
  return tensorValue('float32', dims, data);
}

function expectSame(graph: Graph, x: TensorValue, threads: number, build: string): readonly string[] {
  const planned = plan(graph, { x: { type: x.type, dims: x.dims } }, { threads });
  const actual = runPlan(planned, { x }, BUILDS[build]!);
  const expected = reference(graph, { x });
  for (const { name } of graph.outputs) {
    const want = expected.get(name)!;
    expect(actual[name]!.dims).toEqual(want.dims);
    // Bytes of codes, and floats bit by bit (a NaN is a NaN, 0 is −0).
    const same = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));
    const got = actual[name]!.data as Float32Array;
    const wrong = (want.data as Float32Array).findIndex((value, i) => !same(value, got[i]!));
    if (wrong >= 0) expect(`${name}[${wrong}] ${got[wrong]}`).toBe(`${name}[${wrong}] ${want.data[wrong]}`);
  }
  return planned.steps.map((step) => (step.kind === 'kernel' ? step.kernel : 'host'));
}

const centroidCounts = fc.constantFrom(2, 3, 8, 16, 32, 50, 64);
const pads = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2), fc.nat(2));
const strides = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }));
const encoder = fc.record({
  K: centroidCounts,
  codebooks: fc.integer({ min: 1, max: 4 }),
  depth: fc.integer({ min: 1, max: 6 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  strides,
  pads,
  scale: fc.constantFrom(0.125, 0.1, 0.033),
  zero: fc.constantFrom(0, 1, 64, 127),
  tree: fc.boolean(),
  ties: fc.boolean(),
});
const shape = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 4, max: 19 }),
  width: fc.integer({ min: 4, max: 23 }),
  seed: fc.integer(),
  threads: fc.integer({ min: 1, max: 3 }),
  build: fc.constantFrom(...Object.keys(BUILDS)),
});

describe('encode kernels', () => {
  it('give the codes of the reference for any window, stride, padding and K', () => {
    const kernels = new Set<string>();
    fc.assert(
      fc.property(encoder, shape, ({ depth, ...settings }, { batch, height, width, seed, threads, build }) => {
        const builder = new Builder(seed);
        const channels = depth * settings.codebooks;
        const x = input(builder.random, [batch, channels, height, width]);
        const codes = builder.encode('codes', 'x', channels, settings);
        for (const kernel of expectSame(builder.graph(x, [codes]), x, threads, build)) kernels.add(kernel);
      }),
      { numRuns: 150 },
    );
    expect([...kernels].sort()).toEqual(['encodeGathered', 'encodeRows', 'encodeTree', 'quantise']);
  });

  it('give the codes of the reference for 3×3 windows of one channel with small, any and the largest weights', () => {
    const small = (weight: number) => weight % 29;
    const largest = (weight: number) => (weight < 0 ? -127 : 127);
    const weights = fc.constantFrom(small, (weight: number) => weight, largest);
    fc.assert(
      fc.property(encoder, shape, weights, (settings, { batch, height, width, seed, threads, build }, weight) => {
        const builder = new Builder(seed);
        const { codebooks } = settings;
        const x = input(builder.random, [batch, codebooks, height, width]);
        const codes = builder.encode('codes', 'x', codebooks, { ...settings, kernel: [3, 3], tree: false });
        const data = builder.initializers.get(`${codes}.Q`)!.data as Int8Array;
        data.forEach((value, i) => {
          data[i] = weight(value);
        });
        const kernels = expectSame(builder.graph(x, [codes]), x, threads, build);
        expect(kernels).toEqual(['quantise', 'encodeRows']);
      }),
      { numRuns: 60 },
    );
  });
});

const activation: fc.Arbitrary<Activation | undefined> = fc.constantFrom<(Activation | undefined)[]>(
  undefined,
  { kind: 'Relu' },
  { kind: 'LeakyRelu', alpha: 0.25 },
  { kind: 'Clip', min: -0.5, max: 2 },
);
const lookUp = fc.record({
  K: centroidCounts,
  codebooks: fc.constantFrom(1, 3, 8, 33),
  outputs: fc.constantFrom(1, 4, 5, 16, 30, 67, 130),
  window: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  strides,
  pads,
  activation,
});

describe('look-up kernels', () => {
  it('give the results of the reference for any window, stride, padding, K and number of outputs', () => {
    const kernels = new Set<string>();
    fc.assert(
      fc.property(lookUp, shape, ({ K, codebooks, activation: act, ...settings }, size) => {
        const builder = new Builder(size.seed);
        const x = input(builder.random, [size.batch, codebooks, size.height, size.width]);
        const codes = builder.encode('codes', 'x', codebooks, {
          ...{ K, codebooks, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
          ...{ scale: 0.2, zero: 64, tree: false, ties: false },
        });
        const first = builder.lookUp('first', codes, K, codebooks, settings, act ? { activation: act } : undefined);
        const second = builder.lookUp('second', codes, K, codebooks, settings, {
          residual: first,
          ...(act ? { activation: act } : {}),
        });
        for (const kernel of expectSame(builder.graph(x, [second]), x, size.threads, size.build)) kernels.add(kernel);
      }),
      { numRuns: 60 },
    );
    expect([...kernels]).toEqual(expect.arrayContaining(['lookUpShufflePlanes', 'lookUpReadPlanes']));
  });

  it('serve linear layers as rows, any number of them', () => {
    const kernels = new Set<string>();
    const linear = fc.record({
      rows: fc.integer({ min: 1, max: 37 }),
      K: centroidCounts,
      codebooks: fc.constantFrom(1, 3, 90),
      depth: fc.constantFrom(1, 4, 7, 8),
      outputs: fc.constantFrom(1, 4, 7, 64, 77),
      activation,
      seed: fc.integer(),
      threads: fc.integer({ min: 1, max: 3 }),
      tree: fc.boolean(),
      build: fc.constantFrom(...Object.keys(BUILDS)),
    });
    fc.assert(
      fc.property(linear, ({ rows, K, codebooks, depth, outputs, activation: act, seed, threads, tree, build }) => {
        const builder = new Builder(seed);
        const channels = codebooks * depth;
        const x = input(builder.random, [rows, channels, 1, 1]);
        const unit = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
        const encoding = { ...unit, scale: 0.2, zero: 50, ties: false };
        const table = { ...unit, window: [1, 1] };
        const count = tree ? 16 : K;
        const codes = builder.encode('codes', 'x', channels, { ...encoding, K: count, codebooks, tree });
        const y = builder.lookUp(
          'y',
          codes,
          count,
          codebooks,
          { ...table, outputs },
          act ? { activation: act } : undefined,
        );
        const more = builder.encode('more', y, outputs, { ...encoding, K: 16, codebooks: 1, tree: false });
        const z = builder.lookUp('z', more, 16, 1, { ...table, outputs }, { residual: y });
        for (const kernel of expectSame(builder.graph(x, [z]), x, threads, build)) kernels.add(kernel);
      }),
      { numRuns: 40 },
    );
    expect([...kernels]).toEqual(expect.arrayContaining(['lookUpShuffleRows', 'lookUpReadRows']));
  });

  it('quantises straight into the planes of the next encoders', () => {
    fc.assert(
      fc.property(encoder, encoder, shape, ({ depth, ...one }, two, { batch, height, width, seed, threads, build }) => {
        const builder = new Builder(seed);
        const channels = depth * one.codebooks;
        const x = input(builder.random, [batch, channels, height, width]);
        const unit = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
        const first = builder.encode('first', 'x', channels, { ...one, ...unit });
        const K = one.tree ? 16 : one.K;
        const y = builder.lookUp('y', first, K, one.codebooks, {
          ...{ outputs: channels, window: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
        });
        const a = builder.encode('a', y, channels, one);
        const b = builder.encode('b', y, channels, { ...one, scale: two.scale, zero: two.zero, pads: two.pads });
        const outputs = [a, b].map((codes) =>
          builder.lookUp(`${codes}.y`, codes, K, one.codebooks, {
            ...{ outputs: 6, window: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] },
          }),
        );
        const kernels = expectSame(builder.graph(x, outputs), x, threads, build);
        expect(kernels.filter((kernel) => kernel === 'quantise')).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it('quantises straight into the rows of linear layers behind reshapes', () => {
    const reshaped = fc.record({
      outputs: fc.integer({ min: 1, max: 9 }),
      regroup: fc.boolean(),
      alsoDense: fc.boolean(),
      alsoMaps: fc.boolean(),
    });
    fc.assert(
      fc.property(
        reshaped,
        shape,
        ({ outputs, regroup, alsoDense, alsoMaps }, { batch, seed, threads, build, ...map }) => {
          const builder = new Builder(seed);
          const [height, width] = [map.height % 4 || 1, map.width % 5 || 1];
          const x = input(builder.random, [batch, 3, height, width]);
          const unit = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
          const encoding = { ...unit, K: 16, scale: 0.2, zero: 50, tree: false, ties: false };
          const table = { ...unit, window: [1, 1], outputs };
          const first = builder.encode('first', 'x', 3, { ...encoding, codebooks: 3 });
          const y = builder.lookUp('y', first, 16, 3, table, { activation: { kind: 'Relu' } });
          // One row per image, or one row of everything.
          const rows = builder.asRows('rows', y, regroup ? 1 : batch);
          const channels = (regroup ? batch : 1) * outputs * height * width;
          const codes = builder.encode('codes', rows, channels, { ...encoding, codebooks: 1 });
          const results = [builder.lookUp('z', codes, 16, 1, table)];
          if (alsoDense) results.push('rows.flat');
          if (alsoMaps) {
            const maps = builder.encode('maps', y, outputs, { ...encoding, codebooks: 1, pads: [1, 1, 1, 1] });
            results.push(builder.lookUp('w', maps, 16, 1, table));
          }
          const kernels = expectSame(builder.graph(x, results), x, threads, build);
          expect(kernels.filter((kernel) => kernel === 'quantise')).toHaveLength(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(Object.keys(BUILDS))('keeps sums exact where 16 bits would overflow (%s)', (build) => {
    const builder = new Builder(1);
    const codebooks = 700;
    const unit = { strides: [1, 1], pads: [0, 0, 0, 0] };
    const x = input(builder.random, [1, codebooks, 5, 7]);
    const codes = builder.encode('codes', 'x', codebooks, {
      ...{ ...unit, K: 16, codebooks, kernel: [1, 1], scale: 0.2, zero: 64, tree: false, ties: false },
    });
    const outputs = [127, -127].map((value) => {
      const y = builder.lookUp(`y${value}`, codes, 16, codebooks, { ...unit, outputs: 9, window: [1, 1] });
      (builder.initializers.get(`${y}.T`)!.data as Int8Array).fill(value);
      return y;
    });
    expectSame(builder.graph(x, outputs), x, 1, build);
  });
});
