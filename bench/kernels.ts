/**
 * Time of every lookup kernel on the layers of ResNet-18, BERT and small networks: `npm run bench:kernels -- [filter]`.
 * Prints microseconds per step (the fastest of many short batches: other work on the machine only ever adds), the dense work that the
 * layer replaces in GMAC/s, and the share of the instruction-port limit (docs/benchmark.md) that it reaches.
 * Every Wasm build that validates in this Node takes part (relaxed SIMD: Node 22 or later). One thread.
 */

import { tensorValue } from '../src/graph/tensor.js';
import type { Graph, Node, TensorValue } from '../src/graph/types.js';
import { unshareMemory } from '../src/kernels/memory-flag.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { plan } from '../src/plan/plan.js';
import type { Plan } from '../src/plan/types.js';
import { WASM_BUILDS } from '../test/wasm-builds.js';
import { ClockMeter } from './clock.js';
import { portLimitCycles, productCycles } from './port-limit.js';

/** Where lookups take their codes from; `levels`: a convolution of integers, which looks nothing up. */
type Geometry = 'patch' | 'row' | 'pixel' | 'linear' | 'tree' | 'levels';
interface Layer {
  readonly name: string;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly geometry: Geometry;
  readonly depth: number;
  readonly centroids: number;
}

const BATCH_MILLISECONDS = 1;
const BATCHES = 60;

function convolution(channels: number, size: number, geometry: Geometry, depth: number, centroids = 16): Layer {
  const name = `conv ${channels},${size} ${geometry} g${depth} K${centroids}`;
  return { name, rows: 1, inputs: channels, outputs: channels, size, kernel: 3, stride: 1, geometry, depth, centroids };
}

function linear(rows: number, inputs: number, outputs: number, centroids = 16): Layer {
  const name = `matmul ${rows}x${inputs}x${outputs} g32 K${centroids}`;
  return { name, rows, inputs, outputs, size: 1, kernel: 1, stride: 1, geometry: 'linear', depth: 32, centroids };
}

/** A first convolution of a picture. */
function stem(size: number, kernel: number, stride: number): Layer {
  const name = `stem ${size} ${kernel}x${kernel} stride ${stride}`;
  return { name, rows: 1, inputs: 3, outputs: 64, size, kernel, stride, geometry: 'levels', depth: 1, centroids: 0 };
}

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

function integers(length: number, low: number, high: number): number[] {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  });
}

/**
 * Quantize, encode, look up and ReLU, with the result quantized for a second encoder that stands for the next layer; or quantize,
 * multiply and ReLU.
 */
function layerGraph(layer: Layer): { graph: Graph; x: TensorValue } {
  const { inputs, outputs, size, kernel, stride, geometry, depth, centroids: K, rows } = layer;
  const codebooks = inputs / depth;
  const border = (kernel - 1) / 2;
  const whole = geometry === 'patch' || geometry === 'tree';
  const window = whole ? [kernel, kernel] : geometry === 'row' ? [1, kernel] : [1, 1];
  const table = whole ? [1, 1] : geometry === 'row' ? [kernel, 1] : [kernel, kernel];
  const padsOf = (shape: number[]) => shape.concat(shape).map((extent) => (extent === kernel ? border : 0));
  const initializers = new Map<string, TensorValue>();
  const int8 = (name: string, dims: number[], most = 127) => {
    const count = dims.reduce((a, b) => a * b);
    initializers.set(name, tensorValue('int8', dims, Int8Array.from(integers(count, -most, most))));
  };
  const floats = (name: string, dims: number[], value: number) => {
    const count = dims.reduce((a, b) => a * b, 1);
    initializers.set(name, tensorValue('float32', dims, new Float32Array(count).fill(value)));
  };
  const taps = depth * window[0]! * window[1]!;
  floats('s', [], 0.05);
  initializers.set('z', tensorValue('uint8', [], Uint8Array.of(64)));
  if (geometry === 'levels') int8('W', [outputs, inputs, kernel, kernel]);
  // Learnt weights reach 127 but are smaller on average than uniform ones.
  int8('Q', [codebooks * K, depth, ...window], process.env.WIDE ? 127 : 50);
  initializers.set('b', tensorValue('int32', [codebooks * K], new Int32Array(codebooks * K)));
  initializers.set(
    'features',
    tensorValue('int32', [codebooks, 4], Int32Array.from(integers(codebooks * 4, 0, taps - 1))),
  );
  initializers.set(
    'thresholds',
    tensorValue('uint8', [codebooks, 15], Uint8Array.from(integers(codebooks * 15, 0, 127))),
  );
  int8('T', [outputs, codebooks * K, ...table]);
  floats('scale', [outputs], 0.001);
  floats('bias', [outputs], 0.5);
  const encode = { K, kernel_shape: window, strides: [1, 1], pads: padsOf(window), group: codebooks };
  const make = (
    op: string,
    name: string,
    from: string[],
    attributes: Node['attributes'],
    epilogue?: Node['epilogue'],
  ) => ({
    ...{ name, op, domain: 'lutra', inputs: from, outputs: [name], attributes },
    ...(epilogue ? { epilogue } : {}),
  });
  const encoder = geometry === 'tree' ? ['EncodeTree', 'features', 'thresholds'] : ['Encode', 'Q', 'b'];
  const encodeNode = (name: string, from: string) =>
    make(encoder[0]!, name, [from, 's', 'z', encoder[1]!, encoder[2]!], encode);
  const relu = { activation: { kind: 'Relu' } } as const;
  const lookUp = { K, kernel_shape: table, pads: padsOf(table) };
  const square = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: padsOf([kernel, kernel]) };
  const nodes: Node[] =
    geometry === 'levels'
      ? [make('QuantizedConv', 'y', ['x', 's', 'z', 'W', 'scale', 'bias'], square, relu)]
      : [encodeNode('codes', 'x'), make('LookUp', 'y', ['codes', 'T', 'scale', 'bias'], lookUp, relu)];
  if (inputs === outputs) {
    nodes.push(encodeNode('next', 'y'), make('LookUp', 'out', ['next', 'T', 'scale', 'bias'], lookUp));
  }
  const dims = [rows, inputs, size, size];
  const data = Float32Array.from(integers(rows * inputs * size * size, -1000, 1000), (value) => value / 300);
  const graph: Graph = {
    ...{ name: layer.name, opset: { '': 17, lutra: 1 }, nodes, initializers, metadata: {} },
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, type: 'float32', dims: undefined }],
  };
  return { graph, x: tensorValue('float32', dims, data) };
}

/** Least microseconds of each step of the layer itself; the clock is measured between the batches. */
function measure(module: WebAssembly.Module, planned: Plan, x: TensorValue, clock: ClockMeter): Map<string, number> {
  const pages = Math.ceil(planned.memoryBytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = new Uint8Array(memory.buffer);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  for (const { offset, data } of planned.constants) bytes.set(data, offset);
  for (const { offset, bytes: count, value } of planned.fills) bytes.fill(value, offset, offset + count);
  new Float32Array(memory.buffer, planned.inputs[0]!.offset).set(x.data as Float32Array);
  const result = new Map<string, number>();
  for (const step of planned.steps) {
    if (step.kind !== 'kernel') throw new Error(`${step.node} has no kernel`);
    const kernel = exports[step.kernel] as (params: number, begin: number, end: number, thread: number) => void;
    const run = (times: number) => {
      const start = performance.now();
      for (let i = 0; i < times; i++) kernel(step.params, 0, step.tiles, 0);
      return performance.now() - start;
    };
    let times = 1;
    while (run(times) < BATCH_MILLISECONDS) times *= 2;
    if (step.node !== 'codes' && step.node !== 'y') continue;
    const samples = Array.from({ length: BATCHES }, () => {
      clock.attempt();
      return run(times) / times;
    });
    result.set(step.kernel, Math.min(...samples) * 1000);
  }
  return result;
}

/** Lookup positions per codebook of a 3 × 3 layer. */
const TAPS: Readonly<Record<Geometry, number>> = { patch: 1, tree: 1, row: 3, pixel: 9, linear: 1, levels: 0 };

/** Of the dense layer. */
function multiplyAdds({ rows, size, stride, inputs, outputs, kernel }: Layer): number {
  return rows * (size / stride) ** 2 * inputs * outputs * kernel ** 2;
}

function limitMicroseconds(layer: Layer, gigahertz: number): number {
  const { rows, size, inputs, depth, centroids, outputs, kernel, geometry } = layer;
  const taps = TAPS[geometry];
  const cycles =
    geometry === 'levels'
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

const filter = process.argv[2] ?? '';
for (const [build, shared] of Object.entries(WASM_BUILDS)) {
  const bytes = unshareMemory(shared).slice();
  if (!WebAssembly.validate(bytes)) continue;
  const module = new WebAssembly.Module(bytes);
  for (const layer of LAYERS.filter(({ name }) => name.includes(filter))) {
    const { graph, x } = layerGraph(layer);
    const planned = plan(graph, COMPLETE_RUNTIME, { x: { type: x.type, dims: x.dims } }, { threads: 1 });
    const clock = new ClockMeter();
    const times = measure(module, planned, x, clock);
    const total = [...times.values()].reduce((a, b) => a + b);
    const { gigahertz } = clock;
    const limit = limitMicroseconds(layer, gigahertz);
    const share = `${((limit / total) * 100).toFixed(0)} % of the port limit at ${gigahertz.toFixed(2)} GHz`;
    const parts = [...times].map(([kernel, microseconds]) => `${kernel} ${microseconds.toFixed(1)}`).join('  ');
    process.stdout.write(
      `${build} ${layer.name}: ${total.toFixed(1)} us, ${(multiplyAdds(layer) / total / 1000).toFixed(0)} GMAC/s, ${share}  (${parts})\n`,
    );
  }
}
