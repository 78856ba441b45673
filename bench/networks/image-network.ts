import { GraphBuilder } from '../../src/graph/builder.js';
import { type ImagePreprocess, METADATA } from '../../src/graph/metadata.js';
import type { Graph } from '../../src/graph/types.js';
import { WeightSource } from './weights.js';

export interface ImageNetworkOptions {
  /** Input side in pixels: 32 as for CIFAR, 224 as for ImageNet. */
  readonly size: 32 | 224;
  readonly classes: number;
  readonly seed: number;
}

/** Square color images, scaled as for networks that are trained on ImageNet. */
export function imageNetPreprocess(size: number): ImagePreprocess {
  return {
    kind: 'image',
    width: size,
    height: size,
    channels: 3,
    scale: 1 / 255,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    resize: 'bilinear',
    layout: 'nchw',
  };
}

/**
 * Builds networks that classify images: input `image` float32 [N, 3, size, size], output `logits` float32 [N, classes]. Normalization
 * counts as folded into the convolutions; weights are random (He et al. 2015): good for latency, meaningless for accuracy.
 */
export class ImageNetwork {
  readonly image: string;
  readonly #builder: GraphBuilder;
  readonly #weights: WeightSource;

  constructor(
    name: string,
    private readonly options: ImageNetworkOptions,
  ) {
    const { size, seed } = options;
    const metadata = { [METADATA.preprocess]: JSON.stringify(imageNetPreprocess(size)) };
    this.#builder = new GraphBuilder({ name: `${name}_${size}`, opset: 13, metadata });
    this.#weights = new WeightSource(seed);
    this.image = this.#builder.input('image', ['N', 3, size, size]);
  }

  /** A square convolution with bias, padded so that stride 1 keeps the size. */
  conv(x: string, name: string, inputs: number, outputs: number, kernel: number, stride = 1): string {
    const pad = (kernel - 1) >> 1;
    return this.#builder.node(
      'Conv',
      [x, this.#weights.he([outputs, inputs, kernel, kernel]), this.#weights.small([outputs])],
      { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] },
      { name },
    );
  }

  linear(x: string, name: string, inputs: number, outputs: number, output?: string): string {
    return this.#builder.node(
      'Gemm',
      [x, this.#weights.he([outputs, inputs]), this.#weights.small([outputs])],
      { transB: 1 },
      { name, ...(output === undefined ? {} : { outputs: [output] }) },
    );
  }

  /** Halves the size, rounding up with `kernel` 3 and down with 2. */
  maxPool(x: string, kernel: 2 | 3): string {
    const pad = kernel >> 1;
    const pads = kernel === 3 ? [pad, pad, pad, pad] : [0, 0, 0, 0];
    return this.#builder.node('MaxPool', [x], { kernel_shape: [kernel, kernel], strides: [2, 2], pads });
  }

  relu(x: string): string {
    return this.#builder.node('Relu', [x]);
  }

  sigmoid(x: string): string {
    return this.#builder.node('Sigmoid', [x]);
  }

  add(a: string, b: string): string {
    return this.#builder.node('Add', [a, b]);
  }

  multiply(a: string, b: string): string {
    return this.#builder.node('Mul', [a, b]);
  }

  /** Mean of every channel: [N, C, H, W] → [N, C, 1, 1]. */
  averagePool(x: string): string {
    return this.#builder.node('GlobalAveragePool', [x]);
  }

  flatten(x: string): string {
    return this.#builder.node('Flatten', [x]);
  }

  /** Adds the last layer on [N, features] and finishes. */
  classify(x: string, features: number): Graph {
    const { classes } = this.options;
    const logits = this.linear(x, 'classifier', features, classes, 'logits');
    this.#builder.output(logits, ['N', classes]);
    return this.#builder.build();
  }
}
