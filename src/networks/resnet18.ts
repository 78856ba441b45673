import { GraphBuilder } from '../graph/builder.js';
import { type ImagePreprocess, METADATA } from '../graph/lookup.js';
import type { Graph } from '../graph/types.js';
import { WeightSource } from './weights.js';

export interface ResNetOptions {
  /** Input side in pixels: 32 (3×3 stem, as for CIFAR) or 224 (7×7 stride 2 stem and max-pool, as for ImageNet). */
  readonly size: 32 | 224;
  readonly classes: number;
  readonly seed: number;
}

/** Channels of the four stages and the stride that each begins with. */
const STAGES = [
  { channels: 64, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 256, stride: 2 },
  { channels: 512, stride: 2 },
] as const;
const BLOCKS_PER_STAGE = 2;

/**
 * ResNet18 (He et al. 2016, Table 1) for inference, normalisation already folded into the convolutions. Weights are random (He
 * initialisation): good for latency, meaningless for accuracy.
 *
 * Input `image` float32 [N, 3, size, size], output `logits` float32 [N, classes].
 */
export function resnet18({ size, classes, seed }: ResNetOptions): Graph {
  const weights = new WeightSource(seed);
  const preprocess: ImagePreprocess = {
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
  const metadata = { [METADATA.preprocess]: JSON.stringify(preprocess) };
  const builder = new GraphBuilder({ name: `resnet18_${size}`, opset: 13, metadata });

  const conv = (x: string, name: string, inputs: number, outputs: number, kernel: number, stride: number) => {
    const pad = (kernel - 1) >> 1;
    return builder.node(
      'Conv',
      [x, weights.he([outputs, inputs, kernel, kernel]), weights.small([outputs])],
      { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] },
      { name },
    );
  };
  const relu = (x: string) => builder.node('Relu', [x]);

  let x = builder.input('image', ['N', 3, size, size]);
  if (size === 32) {
    x = relu(conv(x, 'stem', 3, 64, 3, 1));
  } else {
    x = relu(conv(x, 'stem', 3, 64, 7, 2));
    x = builder.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  }
  let inputs = 64;
  STAGES.forEach(({ channels, stride: first }, stage) => {
    for (let block = 0; block < BLOCKS_PER_STAGE; block++) {
      const name = `stage${stage + 1}.${block + 1}`;
      const stride = block === 0 ? first : 1;
      const inner = relu(conv(x, `${name}.conv1`, inputs, channels, 3, stride));
      const outer = conv(inner, `${name}.conv2`, channels, channels, 3, 1);
      const skip = inputs === channels && stride === 1 ? x : conv(x, `${name}.shortcut`, inputs, channels, 1, stride);
      x = relu(builder.node('Add', [outer, skip]));
      inputs = channels;
    }
  });
  x = builder.node('GlobalAveragePool', [x]);
  x = builder.node('Flatten', [x]);
  const logits = builder.node(
    'Gemm',
    [x, weights.he([classes, inputs]), weights.small([classes])],
    { transB: 1 },
    { name: 'classifier', outputs: ['logits'] },
  );
  builder.output(logits, ['N', classes]);
  return builder.build();
}
