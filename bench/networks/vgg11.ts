import type { Graph } from '../../src/graph/types.js';
import { ImageNetwork, type ImageNetworkOptions } from './image-network.js';

/** Output channels of the convolutions of each stage; a pooling that halves the size ends every stage. */
const STAGES = [[64], [128], [256, 256], [512, 512], [512, 512]] as const;
const HIDDEN = 4096;

/**
 * VGG11 (Simonyan & Zisserman 2015, Table 1, column A). For 224 × 224 with its three fully connected layers (133 million weights); for
 * 32 × 32, where one pixel remains, with the one layer that is usual for CIFAR.
 */
export function vgg11(options: ImageNetworkOptions): Graph {
  const network = new ImageNetwork('vgg11', options);
  let x = network.image;
  let inputs = 3;
  STAGES.forEach((widths, stage) => {
    widths.forEach((channels, index) => {
      x = network.relu(network.conv(x, `conv${stage + 1}.${index + 1}`, inputs, channels, 3));
      inputs = channels;
    });
    x = network.maxPool(x, 2);
  });
  const side = options.size / 2 ** STAGES.length;
  let features = inputs * side * side;
  x = network.flatten(x);
  if (options.size === 224) {
    for (const name of ['linear1', 'linear2']) {
      x = network.relu(network.linear(x, name, features, HIDDEN));
      features = HIDDEN;
    }
  }
  return network.classify(x, features);
}
