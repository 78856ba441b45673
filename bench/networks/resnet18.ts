import type { Graph } from '../../src/graph/types.js';
import { ImageNetwork, type ImageNetworkOptions } from './image-network.js';

/** Channels of the four stages and the stride that each begins with. */
const STAGES = [
  { channels: 64, stride: 1 },
  { channels: 128, stride: 2 },
  { channels: 256, stride: 2 },
  { channels: 512, stride: 2 },
] as const;
const BLOCKS_PER_STAGE = 2;
/** Squeeze-and-excitation looks at a vector this many times shorter than the channels (Hu et al. 2018, §4). */
const REDUCTION = 16;

/** ResNet18 (He et al. 2016, Table 1); for 32 × 32 the stem is one 3 × 3 convolution without pooling. */
export function resnet18(options: ImageNetworkOptions): Graph {
  return residualNetwork('resnet18', options, (_network, x) => x);
}

/** SE-ResNet18 (Hu et al. 2018, §3.3): ResNet18 with every block's output scaled per channel before the shortcut is added. */
export function senet18(options: ImageNetworkOptions): Graph {
  return residualNetwork('senet18', options, (network, x, channels, name) => {
    const squeezed = network.conv(network.averagePool(x), `${name}.squeeze`, channels, channels / REDUCTION, 1);
    const excited = network.conv(network.relu(squeezed), `${name}.excite`, channels / REDUCTION, channels, 1);
    return network.multiply(x, network.sigmoid(excited));
  });
}

function residualNetwork(
  name: string,
  options: ImageNetworkOptions,
  recalibrate: (network: ImageNetwork, x: string, channels: number, name: string) => string,
): Graph {
  const network = new ImageNetwork(name, options);
  let x = network.image;
  if (options.size === 32) {
    x = network.relu(network.conv(x, 'stem', 3, 64, 3));
  } else {
    x = network.maxPool(network.relu(network.conv(x, 'stem', 3, 64, 7, 2)), 3);
  }
  let inputs = 64;
  STAGES.forEach(({ channels, stride: first }, stage) => {
    for (let index = 0; index < BLOCKS_PER_STAGE; index++) {
      const block = `stage${stage + 1}.${index + 1}`;
      const stride = index === 0 ? first : 1;
      const inner = network.relu(network.conv(x, `${block}.conv1`, inputs, channels, 3, stride));
      const outer = network.conv(inner, `${block}.conv2`, channels, channels, 3);
      const same = inputs === channels && stride === 1;
      const skip = same ? x : network.conv(x, `${block}.shortcut`, inputs, channels, 1, stride);
      x = network.relu(network.add(recalibrate(network, outer, channels, block), skip));
      inputs = channels;
    }
  });
  return network.classify(network.flatten(network.averagePool(x)), inputs);
}
