import { GraphBuilder } from '../../graph/builder.js';
import { tensorValue } from '../../graph/tensor.js';
import type { TensorValue } from '../../graph/types.js';
import type { ParameterOptions } from '../types.js';
import type { BuildOptions, BuiltNetwork } from './network.js';
import { filled, InitialWeights } from './weights.js';
import { whiteningFilters } from './whiten.js';

/**
 * Biases behind a normalization learn this much faster than weights, and scales stay 1: fewer steps to the same accuracy
 * (Page 2018, "How to Train Your ResNet", 4; Jordan 2024, §3.4).
 */
const BIAS_RATE = 16;
const EPSILON = 1e-5;
/** Of running statistics, per micro-batch: they look back over about a hundred. */
const STATISTICS_MOMENTUM = 0.99;

/** One stage: a convolution that changes the number of channels, then residual blocks of two convolutions. */
interface Stage {
  readonly channels: number;
  readonly stride: number;
  readonly blocks: number;
}

export interface ResidualOptions {
  readonly name: string;
  /** Name of the input: what it holds. */
  readonly input: 'image' | 'features';
  readonly inputDims: readonly [number, number, number];
  /** Factor of the learning rate of the last layer, which sees features of a length far from 1. */
  readonly headRate: number;
  /** Kernels and strides are squares. */
  readonly stem: { readonly channels: number; readonly kernel: number; readonly stride: number };
  readonly stages: readonly Stage[];
}

/**
 * A small residual network (He et al. 2016) with a fixed decorrelating first layer, 3×3 convolutions, batch normalization and ReLU,
 * the mean over all positions and one linear layer.
 */
export function residualNetwork(shape: ResidualOptions, options: BuildOptions): BuiltNetwork {
  const weights = new InitialWeights(options.seed);
  const parameters = new Map<string, ParameterOptions | null>();
  const builder = new GraphBuilder({ name: shape.name, opset: 17, metadata: options.metadata ?? {} });
  const parameter = (value: TensorValue, name: string, how?: ParameterOptions | null) => {
    const made = builder.constant(value, name);
    if (how !== undefined) parameters.set(made, how);
    return made;
  };

  const conv = (x: string, name: string, inputs: number, outputs: number, stride: number) => {
    const weight = parameter(weights.passing([outputs, inputs, 3, 3]), `${name}.weight`);
    const y = builder.node('Conv', [x, weight], squareWindow(3, stride), { name });
    const statistics = [
      parameter(filled(outputs, 0), `${name}.mean`),
      parameter(filled(outputs, 1), `${name}.variance`),
    ];
    const affine = [
      parameter(filled(outputs, 1), `${name}.scale`, null),
      parameter(filled(outputs, 0), `${name}.bias`, { rate: BIAS_RATE, decay: 0 }),
    ];
    return builder.node(
      'BatchNormalization',
      [y, ...affine, ...statistics],
      { epsilon: EPSILON, momentum: STATISTICS_MOMENTUM },
      { name: `${name}.norm` },
    );
  };
  const relu = (x: string, name: string) => builder.node('Relu', [x], {}, { name: `${name}.relu` });

  const [channels, height, width] = shape.inputDims;
  const { stem } = shape;
  let x = builder.input(shape.input, ['batch', channels, height, width]);
  const filters = parameter(
    whiteningFilters(options.examples, [stem.kernel, stem.kernel], stem.channels),
    'stem.weight',
    null,
  );
  const stemBias = parameter(filled(stem.channels, 0), 'stem.bias', { decay: 0 });
  x = builder.node('Conv', [x, filters, stemBias], squareWindow(stem.kernel, stem.stride), { name: 'stem' });
  x = relu(x, 'stem');
  let inputs = stem.channels;
  shape.stages.forEach((stage, i) => {
    const name = `stage${i + 1}`;
    x = relu(conv(x, `${name}.conv`, inputs, stage.channels, stage.stride), `${name}.conv`);
    inputs = stage.channels;
    for (let block = 1; block <= stage.blocks; block++) {
      const at = stage.blocks > 1 ? `${name}.block${block}` : `${name}.block`;
      const inner = relu(conv(x, `${at}.conv1`, inputs, inputs, 1), `${at}.conv1`);
      const outer = conv(inner, `${at}.conv2`, inputs, inputs, 1);
      x = relu(builder.node('Add', [outer, x], {}, { name: `${at}.add` }), at);
    }
  });
  x = builder.node('GlobalAveragePool', [x], {}, { name: 'pool' });
  x = builder.node('Flatten', [x], {}, { name: 'flatten' });
  const head = tensorValue('float32', [options.classes, inputs], new Float32Array(options.classes * inputs));
  const logits = builder.node(
    'Gemm',
    [
      x,
      parameter(head, 'classifier.weight', { rate: shape.headRate }),
      parameter(filled(options.classes, 0), 'classifier.bias', { rate: shape.headRate, decay: 0 }),
    ],
    { transB: 1 },
    { name: 'classifier', outputs: ['logits'] },
  );
  builder.output(logits, ['batch', options.classes]);
  return { graph: builder.build(), parameters };
}

/** A window whose output is as large as its input, divided by the stride. */
function squareWindow(kernel: number, stride: number) {
  const pad = (kernel - 1) >> 1;
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
}
