/**
 * What one layer takes in every form that `convert` may give it, beside the cost models: `npx tsx bench/forms.ts [name]` (relaxed SIMD in
 * Node 20: `node --experimental-wasm-relaxed-simd --import tsx bench/forms.ts`). One thread. The forms of a layer take turns, and of each
 * the least time counts: other work on the machine only ever adds. The second time is of single runs after other memory was read: in a
 * network, the tables of a layer leave the nearest caches before the layer runs again.
 */
import { denseCost } from '../src/convert/dense-cost.js';
import { type DenseLayer, findDenseLayers } from '../src/convert/dense-layers.js';
import { seededRandom } from '../src/convert/random.js';
import type { InputSize } from '../src/convert/sizes.js';
import { Executor } from '../src/engine/executor.js';
import { tensorValue } from '../src/graph/tensor.js';
import type { Graph, TensorValue } from '../src/graph/types.js';
import { layerCost } from '../src/lut/coded/fit/cost-model.js';
import { type GeometryKind, layoutCodebooks } from '../src/lut/coded/fit/geometry.js';
import { INTEGER_FIT, integerNodes } from '../src/lut/integer/fit.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { LUT_NN_GEOMETRY, randomLookups } from './networks/random-lookups.js';

const ROUNDS = 40;
/** Read between two runs: more than the second-level cache. */
const OTHER = new Float64Array(1 << 20);

interface Shape {
  readonly name: string;
  readonly graph: Graph;
  readonly dims: readonly number[];
}

function noise(dims: readonly number[], seed: number): TensorValue {
  const random = seededRandom(seed);
  const length = dims.reduce((product, dim) => product * dim, 1);
  return tensorValue(
    'float32',
    dims,
    Float32Array.from({ length }, () => random() * 2 - 1),
  );
}

function shape(name: string, op: 'Conv' | 'Gemm', dims: readonly number[], W: readonly number[], stride = 1): Shape {
  const pad = ((W[2] ?? 1) - 1) / 2;
  const attributes =
    op === 'Conv' ? { kernel_shape: W.slice(2), pads: [pad, pad, pad, pad], strides: [stride, stride] } : { transB: 1 };
  const graph: Graph = {
    name,
    opset: { '': 17, lutra: 1 },
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: 'y', type: 'float32', dims: undefined }],
    nodes: [{ name: 'layer', op, domain: '', inputs: ['x', 'W', 'b'], outputs: ['y'], attributes }],
    initializers: new Map([
      ['W', noise(W, 2)],
      ['b', noise([W[0]!], 3)],
    ]),
    metadata: {},
  };
  return { name, graph, dims };
}

const conv = (channels: number, size: number, outputs = channels, kernel = 3, stride = 1) =>
  shape(
    `conv ${kernel}x${kernel} ${channels}→${outputs} ${size}x${size}${stride > 1 ? ` /${stride}` : ''}`,
    'Conv',
    [1, channels, size, size],
    [outputs, channels, kernel, kernel],
    stride,
  );
const linear = (rows: number, inputs: number, outputs: number) =>
  shape(`linear ${rows}x${inputs}→${outputs}`, 'Gemm', [rows, inputs], [outputs, inputs]);

const SHAPES = [
  conv(3, 32, 16),
  conv(16, 32),
  conv(32, 16),
  conv(64, 8),
  conv(64, 32),
  conv(64, 32, 128, 3, 2),
  conv(128, 16),
  conv(128, 8),
  conv(256, 8),
  conv(64, 32, 64, 1),
  conv(16, 32, 32, 1, 2),
  conv(128, 16, 128, 1),
  linear(1, 256, 128),
  linear(128, 768, 768),
];

const GEOMETRIES: readonly (readonly [GeometryKind, number, number])[] = [
  ['patch', 1, 16],
  ['row', 1, 16],
  ['row', 1, 32],
  ['row', 2, 16],
  ['pixel', 1, 8],
  ['pixel', 1, 16],
  ['pixel', 2, 16],
  ['pixel', 4, 16],
  ['pixel', 4, 32],
  ['pixel', 8, 16],
];

interface Form {
  readonly name: string;
  /** Bytes of weights or tables. */
  readonly bytes: number;
  readonly predicted: number;
  readonly graph: Graph;
}

function formsOf({ graph }: Shape, layer: DenseLayer, size: InputSize): Form[] {
  const forms: Form[] = [
    { name: 'dense', bytes: 4 * layer.weight.length, predicted: denseCost(layer, size).nanoseconds, graph },
  ];
  if (INTEGER_FIT.accepts(layer)) {
    const initializers = new Map<string, TensorValue>();
    const nodes = integerNodes(
      layer,
      { scale: 1 / 64, zeroPoint: 64 },
      [-1, layer.outputChannels],
      (x) => x,
      initializers,
    );
    const { nanoseconds: predicted, tableBytes: bytes } = INTEGER_FIT.cost(layer, size, {});
    forms.push({ name: 'integer', bytes, predicted, graph: { ...graph, nodes, initializers } });
  }
  const point = layer.kind === 'conv' && layer.window.kernel.every((n) => n === 1);
  const geometries =
    layer.kind === 'linear'
      ? ([8, 16, 32].map((g) => ['linear', g, 16]) as (typeof GEOMETRIES)[number][])
      : GEOMETRIES.filter(([kind]) => !point || kind === 'pixel');
  for (const [kind, channels, centroids] of geometries) {
    if (layer.inputChannels % channels !== 0) continue;
    const layout = layoutCodebooks(layer, { kind, channels, centroids });
    const { nanoseconds: predicted, tableBytes: bytes } = layerCost(layer, layout, 'centroid', size);
    forms.push({
      name: `${kind} ${channels} K=${centroids}`,
      bytes,
      predicted,
      graph: randomLookups(graph, {
        ...LUT_NN_GEOMETRY,
        ...(kind === 'linear' ? { linear: channels } : { kind, channels, pointwise: channels }),
        centroids,
        seed: 1,
        layers: () => true,
      }),
    });
  }
  return forms;
}

async function measure(shape: Shape): Promise<void> {
  const [layer] = findDenseLayers(shape.graph);
  const size: InputSize = shape.dims.length === 4 ? [shape.dims[2]!, shape.dims[3]!] : [1, shape.dims[0]!];
  const feeds = { x: noise(shape.dims, 4) };
  const forms = formsOf(shape, layer!, size);
  const executors = await Promise.all(
    forms.map(({ graph }) => Executor.create(graph, COMPLETE_RUNTIME, { threads: 1 })),
  );
  const least = forms.map(() => Infinity);
  const repeats = forms.map(() => 1);
  for (let round = 0; round < ROUNDS; round++) {
    executors.forEach((executor, i) => {
      const start = performance.now();
      for (let n = 0; n < repeats[i]!; n++) executor.run(feeds);
      const spent = performance.now() - start;
      if (spent < 0.7) repeats[i]! *= 2;
      else least[i] = Math.min(least[i]!, spent / repeats[i]!);
    });
  }
  const apart = forms.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    executors.forEach((executor, i) => {
      sum += OTHER.reduce((total, value) => total + value, 0);
      const start = performance.now();
      executor.run(feeds);
      apart[i] = Math.min(apart[i]!, performance.now() - start);
    });
  }
  for (const executor of executors) executor.dispose();
  forms.forEach(({ name, predicted, bytes }, i) => {
    const microseconds = [least[i]!, apart[i]!].map((time) => (time * 1000).toFixed(1).padStart(8));
    const each = ((apart[i]! - least[i]!) * 1e6) / bytes;
    const ratio = predicted / 1e6 / apart[i]!;
    const words = [
      shape.name.padEnd(24),
      name.padEnd(14),
      `${microseconds[0]} µs alone, ${microseconds[1]} apart`,
      `predicted ${(predicted / 1000).toFixed(1).padStart(8)}, ratio ${ratio.toFixed(2)}`,
      `${each.toFixed(3)} ns a byte of ${(bytes / 1000).toFixed(0)} kB`,
    ];
    process.stdout.write(`${words.join('  ')}\n`);
  });
}

/** Keeps the reading of {@link OTHER} from being left out. */
let sum = 0;
const [filter = ''] = process.argv.slice(2);
for (const each of SHAPES.filter(({ name }) => name.includes(filter))) await measure(each);
if (sum !== 0) throw new Error('other memory is not zero');
