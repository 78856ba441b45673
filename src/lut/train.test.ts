import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomLookups } from '../../bench/networks/random-lookups.js';
import { seededRandom } from '../convert/random.js';
import { Executor } from '../engine/executor.js';
import { LutraError } from '../errors.js';
import { GraphBuilder } from '../graph/builder.js';
import type { Graph, Node, TensorValue } from '../graph/types.js';
import { parseModel } from '../onnx/parse.js';
import { serializeModel } from '../onnx/serialize.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';
import { createGraphRunner } from '../train/engine/runtime.js';
import { createStepEngine } from '../train/engine/step-engine.js';
import { differentiate } from '../train/gradient/differentiate.js';
import { TRAINING_DOMAIN } from '../train/types.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from './coded/spec.js';
import { lookupLayers } from './coded/train/layers.js';
import { TEACHER_INPUT } from './coded/train/loss.js';
import type { LayerStatistics } from './coded/train/offset.js';
import type { LookupTrainingOptions } from './coded/train/options.js';
import { inputsOf, isNode } from './operator.js';
import { type TrainableLookup, trainable } from './train.js';

interface Shape {
  readonly kind: 'patch' | 'row' | 'pixel';
  readonly channels: number;
  readonly centroids: 8 | 16 | 32;
  readonly height: number;
  readonly width: number;
  readonly stride: number;
  readonly seed: number;
}

const CLASSES = 3;

/** conv(2→4) · relu · [conv 3×3 (4→6) relu + conv 1×1 (4→6)] · mean · Gemm(6→4) relu · Gemm(4→3); the branches share codes of pixels. */
function denseGraph({ height, width, stride, seed }: Shape): Graph {
  const random = seededRandom(seed);
  const b = new GraphBuilder({ opset: 17, name: 'small' });
  const values = (dims: number[]) => {
    const count = dims.reduce((a, c) => a * c, 1);
    const reach = Math.sqrt((3 * dims[0]!) / count);
    return b.floats(
      dims,
      Float32Array.from({ length: count }, () => (random() * 2 - 1) * reach),
    );
  };
  const conv = (x: string, O: number, C: number, k: number, s: number) => {
    const pad = (k - 1) / 2;
    const attributes = { kernel_shape: [k, k], strides: [s, s], pads: [pad, pad, pad, pad] };
    return b.node('Conv', [x, values([O, C, k, k]), values([O])], attributes);
  };
  const stem = b.node('Relu', [conv(b.input('x', ['N', 2, height, width]), 4, 2, 3, 1)]);
  const sum = b.node('Add', [b.node('Relu', [conv(stem, 6, 4, 3, stride)]), conv(stem, 6, 4, 1, stride)]);
  const flat = b.node('Flatten', [b.node('GlobalAveragePool', [sum])]);
  const hidden = b.node('Relu', [b.node('Gemm', [flat, values([4, 6]), values([4])], { transB: 1 })]);
  b.output(b.node('Gemm', [hidden, values([CLASSES, 4]), values([CLASSES])], { transB: 1 }), ['N', CLASSES]);
  return b.build();
}

/** @param linear whether linear layers are replaced, too */
function networks(shape: Shape, linear = true): { readonly dense: Graph; readonly lookup: Graph } {
  const dense = denseGraph(shape);
  const { kind, channels, centroids, seed } = shape;
  const lookup = randomLookups(dense, {
    kind,
    channels,
    pointwise: channels,
    linear: 2,
    centroids,
    seed,
    stem: kind === 'row' ? 'integer' : 'float',
    layers: (layer) => !layer.first && !layer.last && (linear || layer.kind === 'conv'),
  });
  return { dense, lookup: parseModel(serializeModel(lookup)) };
}

function inputs(count: number, { height, width, seed }: Shape): TensorValue {
  const random = seededRandom(seed + 1);
  const data = Float32Array.from({ length: count * 2 * height * width }, () => random() * 4 - 2);
  return { type: 'float32', dims: [count, 2, height, width], data };
}

const BATCH = 2;

/** Mean squared difference between the logits in training, by onnxruntime, and the given ones. */
async function differenceInTraining(
  { network }: TrainableLookup,
  x: TensorValue,
  wanted: readonly number[],
  values: ReadonlyMap<string, TensorValue>,
): Promise<number> {
  const logits = network.graph.nodes.find(({ op }) => op === 'SoftmaxCrossEntropy')!.inputs[0]!;
  const error = {
    name: 'error',
    op: 'MeanSquaredError',
    domain: TRAINING_DOMAIN,
    inputs: [logits, 'target'],
    outputs: ['error'],
    attributes: {},
  };
  // Live normalization takes statistics of the batch; a deployed network has the running ones.
  const settled = network.graph.nodes.map((node): Node => {
    const { training_mode: _, ...attributes } = node.attributes;
    return { ...node, attributes };
  });
  const initializers = new Map([...network.graph.initializers, ...values]);
  const graph = { ...network.graph, nodes: [...settled, error], initializers };
  const training = differentiate({ ...network, graph, loss: 'error', metrics: {} }, { microBatch: BATCH });
  const runner = await createGraphRunner(training.graph);
  const target: TensorValue = { type: 'float32', dims: [BATCH, CLASSES], data: Float32Array.from(wanted) };
  const result = await runner.run(new Map([...values, ['x', x], ['target', target], [TEACHER_INPUT, target]]));
  await runner.release();
  return result.get('loss')!.data[0] as number;
}

async function deployedLogits(graph: Graph, x: TensorValue): Promise<number[]> {
  const executor = await Executor.create(parseModel(serializeModel(graph)), COMPLETE_RUNTIME);
  const [name] = graph.outputs.map((output) => output.name);
  const logits = Array.from(executor.run({ x })[name!]!.data as Float32Array);
  executor.dispose();
  return logits;
}

/** Any statistics of the layers' outputs. */
function randomStatistics(lookup: Graph, seed: number): Map<string, LayerStatistics> {
  const random = seededRandom(seed);
  const layers = lookupLayers(lookup.nodes);
  return new Map(
    layers.map((node) => {
      const { name } = node;
      const bias = lookup.initializers.get(inputsOf(LOOK_UP, node).bias)!.data as Float32Array;
      return [name, { mean: bias.map(() => random() - 0.5), variance: bias.map(() => 0.2 + random()) }];
    }),
  );
}

function initialValues({ network }: TrainableLookup): Map<string, TensorValue> {
  const running = [...network.graph.initializers.keys()].filter((name) => /norm(Mean|Variance)$/.test(name));
  const names = [...network.parameters.keys(), ...running];
  return new Map(names.map((name) => [name, network.graph.initializers.get(name)!]));
}

/** Mean squared deviation of the numbers from their mean. */
function variance(numbers: readonly number[]): number {
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  return numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
}

const SHAPES = fc.record({
  kind: fc.constantFrom('patch', 'row', 'pixel'),
  channels: fc.constantFrom(1, 2, 4),
  centroids: fc.constantFrom(8, 16, 32),
  height: fc.integer({ min: 3, max: 9 }),
  width: fc.integer({ min: 3, max: 9 }),
  stride: fc.constantFrom(1, 2),
  seed: fc.integer({ min: 1, max: 1000 }),
});

const SHAPE: Shape = { kind: 'row', channels: 1, centroids: 16, height: 7, width: 6, stride: 2, seed: 5 };

/** What deployment may change: nothing but the order of additions where tables are rounded in training, else their rounding. */
const MODES: readonly (readonly [LookupTrainingOptions, tolerance: number])[] = [
  [{ tables: 'free' }, 1e-8],
  [{ tables: 'free', bits: 6, encoder: 'learned' }, 1e-8],
  [{ tables: 'product', quantized: true, encoder: 'learned' }, 1e-8],
  [{ tables: 'product', bits: 7 }, 1e-8],
  [{ tables: 'product' }, 1e-3],
  [{ tables: 'free', normalization: 'live' }, 1e-8],
  [{ tables: 'product', normalization: 'live' }, 1e-3],
  [{ tables: 'product', encoder: 'learned' }, 1e-3],
];

describe.each(MODES)('%o', (options, tolerance) => {
  it('is deployed as it is trained', () =>
    fc.assert(
      fc.asyncProperty(SHAPES, async (shape) => {
        // Rounding may turn the codes of a later layer; without rounding in training there is to be none.
        const { dense, lookup } = networks(shape, tolerance < 1e-6);
        const live = options.normalization === 'live';
        const made = trainable(
          lookup,
          dense,
          CLASSES,
          options,
          live ? randomStatistics(lookup, shape.seed) : undefined,
        );
        expect(made.network.graph.nodes.some(({ op }) => op === 'BatchNormalization')).toBe(live);
        const random = seededRandom(shape.seed);
        // Somewhere that the conversion did not come from.
        const values = new Map(
          [...initialValues(made)].map(([name, value]) => [
            name,
            { ...value, data: (value.data as Float32Array).map((v) => v * (0.8 + 0.4 * random())) },
          ]),
        );
        const x = inputs(BATCH, shape);
        const logits = await deployedLogits(made.deploy(values), x);
        const difference = await differenceInTraining(made, x, logits, values);
        expect(difference).toBeLessThan(tolerance * (variance(logits) + 1e-3));
      }),
      { numRuns: 5, seed: 3 },
    ));
});

/** The network with random trees for encoders. */
function withTrees(lookup: Graph): Graph {
  const random = seededRandom(9);
  const initializers = new Map(lookup.initializers);
  const nodes = lookup.nodes.map((node) => {
    if (!isNode(ENCODE, node)) return node;
    const { dims } = lookup.initializers.get(inputsOf(ENCODE, node).Q)!;
    const B = node.attributes.group as number;
    const v = dims.slice(1).reduce((a, c) => a * c, 1);
    const names = [`${node.name}.features`, `${node.name}.thresholds`] as const;
    const features = Int32Array.from({ length: B * 4 }, () => Math.floor(random() * v));
    const thresholds = Uint8Array.from({ length: B * 15 }, () => Math.floor(random() * 128));
    initializers.set(names[0], { type: 'int32', dims: [B, 4], data: features });
    initializers.set(names[1], { type: 'uint8', dims: [B, 15], data: thresholds });
    return { ...node, op: ENCODE_TREE.name, inputs: [...node.inputs.slice(0, 3), ...names] };
  });
  return { ...lookup, nodes, initializers };
}

it.each(['patch', 'row', 'pixel'] as const)('trains tables behind trees, geometry %s', async (kind) => {
  const shape: Shape = { ...SHAPE, kind, channels: 2 };
  const { dense, lookup } = networks(shape);
  const trees = withTrees(lookup);
  const made = trainable(trees, dense, CLASSES, { tables: 'free' });
  const x = inputs(BATCH, shape);
  const logits = await deployedLogits(made.deploy(new Map()), x);
  const difference = await differenceInTraining(made, x, logits, initialValues(made));
  expect(difference).toBeLessThan(1e-8 * (variance(logits) + 1e-3));
});

it.each(['folded', 'live'] as const)('leaves free tables as they were before training, %s', async (normalization) => {
  const { dense, lookup } = networks(SHAPE);
  const x = inputs(BATCH, SHAPE);
  const made = trainable(lookup, dense, CLASSES, { tables: 'free', normalization }, randomStatistics(lookup, 8));
  const deployed = made.deploy(new Map());
  const [before, after] = [await deployedLogits(lookup, x), await deployedLogits(deployed, x)];
  const error = after.reduce((sum, y, i) => sum + (y - before[i]!) ** 2, 0) / after.length;
  // The random tables do not use the whole range of int8.
  expect(error).toBeLessThan(1e-4 * variance(before));
});

it.each<LookupTrainingOptions>([
  {},
  { tables: 'free' },
  { tables: 'free', normalization: 'folded' },
  { normalization: 'folded' },
  { encoder: 'learned' },
  { encoder: 'learned', tables: 'free', bits: 7 },
  { loss: { kind: 'labels', smoothing: 0.1 } },
])('learns with %o', async (options) => {
  const { dense, lookup } = networks(SHAPE);
  const { network } = trainable(lookup, dense, CLASSES, options, randomStatistics(lookup, 8));
  const count = 8;
  const x = inputs(count, SHAPE);
  const logits: TensorValue = {
    type: 'float32',
    dims: [count, CLASSES],
    data: Float32Array.from({ length: count * CLASSES }, (_, i) => (i % CLASSES === (i % 5) % CLASSES ? 4 : 0)),
  };
  const target: TensorValue = { ...logits, data: (logits.data as Float32Array).map((v) => (v > 0 ? 1 : 0)) };
  const engine = await createStepEngine(network, { optimizer: { kind: 'adam' }, microBatch: 4 });
  const feeds = Object.fromEntries(
    network.graph.inputs.map(({ name }) => [name, name === 'x' ? x : name === TEACHER_INPUT ? logits : target]),
  );
  const first = (await engine.step(feeds, 2e-3)).loss;
  for (let step = 0; step < 25; step++) await engine.step(feeds, 2e-3);
  const last = (await engine.step(feeds, 0)).loss;
  await engine.dispose();
  expect(last).toBeLessThan(0.9 * first);
});

describe('refuses', () => {
  const { dense, lookup } = networks(SHAPE);

  function refusal(act: () => unknown): LutraError {
    try {
      act();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(LutraError);
      return thrown as LutraError;
    }
    return expect.fail('nothing was thrown');
  }

  it('a network without lookup layers', () => {
    expect(refusal(() => trainable(dense, dense, CLASSES))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('a dense network of other layers', () => {
    const other = denseGraph({ ...SHAPE, seed: 6 });
    const nodes = other.nodes.map((node) => ({ ...node, outputs: node.outputs.map((name) => `other ${name}`) }));
    const renamed = {
      ...other,
      nodes: nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => (other.initializers.has(name) || name === 'x' ? name : `other ${name}`)),
      })),
      outputs: other.outputs.map((output) => ({ ...output, name: `other ${output.name}` })),
    };
    expect(refusal(() => trainable(lookup, renamed, CLASSES))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      node: expect.stringContaining('LookUp'),
    });
  });

  it('to learn the decisions of a tree encoder', () => {
    expect(refusal(() => trainable(withTrees(lookup), dense, CLASSES, { encoder: 'learned' }))).toMatchObject({
      code: 'UNSUPPORTED',
      node: expect.stringContaining('EncodeTree'),
    });
  });

  it.each<[string, LookupTrainingOptions]>([
    ['bits', { bits: 5 as 6 }],
    ['tables', { tables: 'none' as 'free' }],
    ['encoder', { encoder: 'soft' as 'learned' }],
    ['normalization', { normalization: 'none' as 'folded' }],
    ['quantized', { quantized: 1 as never }],
    ['loss', { loss: { kind: 'both' as 'labels' } }],
  ])('option %s out of range', (name, options) => {
    const { code, message } = refusal(() => trainable(lookup, dense, CLASSES, options));
    expect(code).toBe('INVALID_ARGUMENT');
    expect(message).toContain(`"${name}"`);
  });

  it('to deploy what is not finite or has another shape', () => {
    const made = trainable(lookup, dense, CLASSES);
    const [name, value] = [...initialValues(made)].find(([key]) => key.includes('centroids'))!;
    const broken = { ...value, data: new Float32Array(value.data.length).fill(Number.NaN) };
    expect(refusal(() => made.deploy(new Map([[name, broken]])))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const short = { ...value, dims: [1], data: new Float32Array(1) };
    expect(refusal(() => made.deploy(new Map([[name, short]])))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
