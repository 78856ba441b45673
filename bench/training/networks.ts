import { GraphBuilder } from '../../src/graph/builder.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import type { LookupTrainingOptions } from '../../src/lut/coded/train/options.js';
import { trainable } from '../../src/lut/train.js';
import { denseNetwork } from '../../src/train/dense-network.js';
import type { TrainingNetwork } from '../../src/train/types.js';
import { LUT_NN_GEOMETRY, randomLookups } from '../networks/random-lookups.js';

/** A 3×3 convolution with padding 1, bias and ReLU. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Height and width of its input. */
  readonly size: number;
  readonly stride: 1 | 2;
}

/** The wide layers of a small image network: 18.9 M multiply-adds. */
export const LAYERS: readonly Layer[] = [
  { inputs: 32, outputs: 64, size: 32, stride: 2 },
  { inputs: 64, outputs: 64, size: 16, stride: 1 },
  { inputs: 64, outputs: 128, size: 16, stride: 2 },
];
export const CLASSES = 10;

/** Multiply-adds of one forward pass of one example. */
export function multiplyAdds(): number {
  return LAYERS.reduce(
    (sum, { inputs, outputs, size, stride }) => sum + inputs * outputs * 9 * (size / stride) ** 2,
    0,
  );
}

/** Reproducible numbers in −1..1. */
export function noise(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = Math.imul(seed + 1, 2654435761);
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

/** Weights of a layer, float32 [outputs, inputs, 3, 3]. */
export function layerWeights({ inputs, outputs }: Layer): Float32Array {
  return noise(outputs * inputs * 9, outputs).map((value) => value * Math.sqrt(2 / (3 * inputs)));
}

/** The layers, the mean over all positions, and a linear layer: [batch, 32, 32, 32] → logits. */
function denseGraph(): Graph {
  const b = new GraphBuilder({ name: 'layers' });
  let x = b.input('features', ['batch', LAYERS[0]!.inputs, LAYERS[0]!.size, LAYERS[0]!.size]);
  for (const layer of LAYERS) {
    const { inputs, outputs, stride } = layer;
    const weights = b.floats([outputs, inputs, 3, 3], layerWeights(layer), 'weights');
    const bias = b.floats([outputs], new Float32Array(outputs), 'bias');
    const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [stride, stride] };
    x = b.node('Relu', [b.node('Conv', [x, weights, bias], attributes)]);
  }
  const width = LAYERS.at(-1)!.outputs;
  const pooled = b.node('Flatten', [b.node('GlobalAveragePool', [x])]);
  const head = b.floats([CLASSES, width], noise(CLASSES * width, 7), 'head');
  b.output(b.node('Gemm', [pooled, head], { transB: 1 }, { outputs: ['logits'] }), ['batch', CLASSES]);
  return b.build();
}

export function dense(): TrainingNetwork {
  return denseNetwork(denseGraph(), { classes: CLASSES, smoothing: 0, parameters: new Map() });
}

/** The same layers with one codebook of 16 centroids per 3×3 window, as LUT-NN has them. */
export function lookup(options: LookupTrainingOptions): TrainingNetwork {
  const graph = denseGraph();
  const layers = ({ node }: { readonly node: { readonly op: string } }) => node.op === 'Conv';
  const converted = randomLookups(graph, { ...LUT_NN_GEOMETRY, seed: 1, layers });
  return trainable(converted, graph, CLASSES, { ...options, loss: { kind: 'labels' } }).network;
}

/** Features and targets for every input of a network. */
export function examples(count: number): Record<'features' | 'target', TensorValue> {
  const [{ inputs, size }] = LAYERS as readonly [Layer];
  const target = new Float32Array(count * CLASSES);
  for (let n = 0; n < count; n++) target[n * CLASSES + (n % CLASSES)] = 1;
  return {
    features: { type: 'float32', dims: [count, inputs, size, size], data: noise(count * inputs * size * size, 3) },
    target: { type: 'float32', dims: [count, CLASSES], data: target },
  };
}
