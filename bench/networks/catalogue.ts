import type { DenseLayer } from '../../src/convert/dense-layers.js';
import type { Graph } from '../../src/graph/types.js';
import { BERT_BASE, bert } from './bert.js';
import type { ImageNetworkOptions } from './image-network.js';
import { LUT_NN_GEOMETRY, randomLookups } from './random-lookups.js';
import { resnet18, senet18 } from './resnet18.js';
import { vgg11 } from './vgg11.js';

/** A network of LUT-NN's evaluation, built here with random weights. */
export interface CatalogueEntry {
  readonly id: string;
  readonly title: string;
  dense(): Graph;
  /** The layers that LUT-NN replaces. */
  replaces(layer: DenseLayer): boolean;
}

const SEED = 1;

/** LUT-NN keeps the first convolution, squeeze-and-excitation and the classifier (Tang et al. 2023, §6.1). */
const convolutions = ({ kind, first, node }: DenseLayer): boolean =>
  kind === 'conv' && !first && !/\.(squeeze|excite)$/.test(node.name);

function imageNetworks(
  name: string,
  title: string,
  build: (options: ImageNetworkOptions) => Graph,
): readonly CatalogueEntry[] {
  return ([32, 224] as const).map((size) => ({
    id: `${name}-${size}`,
    title: `${title}, ${size} × ${size}`,
    dense: () => build({ size, classes: size === 32 ? 10 : 1000, seed: SEED }),
    replaces: convolutions,
  }));
}

function bertWith(id: string, title: string, firstReplaced: number): CatalogueEntry {
  return {
    id,
    title,
    dense: () => bert({ ...BERT_BASE, seed: SEED }),
    replaces: ({ kind, node }) => kind === 'linear' && Number(/^layer(\d+)\./.exec(node.name)?.[1]) >= firstReplaced,
  };
}

/** The networks of LUT-NN's tables, the encoder of BERT twice: all linear layers replaced, and those of the last six layers. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  ...imageNetworks('resnet18', 'ResNet18', resnet18),
  ...imageNetworks('senet18', 'SENet18', senet18),
  ...imageNetworks('vgg11', 'VGG11', vgg11),
  bertWith('bert', 'BERT-base, 128 tokens, all linear layers', 0),
  bertWith('bert-last6', 'BERT-base, 128 tokens, last 6 layers', BERT_BASE.layers / 2),
];

/** The dense network with its layers replaced in LUT-NN's geometry, and a first convolution in integers. */
export function lookupForm({ replaces }: CatalogueEntry, dense: Graph): Graph {
  return randomLookups(dense, { ...LUT_NN_GEOMETRY, stem: 'integer', seed: SEED, layers: replaces });
}

/** @throws RangeError when there is no such network */
export function catalogueEntry(id: string): CatalogueEntry {
  const entry = CATALOGUE.find((candidate) => candidate.id === id);
  if (!entry) throw new RangeError(`no network "${id}": there are ${CATALOGUE.map((known) => known.id).join(', ')}`);
  return entry;
}
