import { ENGINES } from '../../bench/measure/engines.js';
import type { EngineId } from '../../bench/measure/types.js';
import { BERT_BASE } from '../../bench/networks/bert.js';
import type { ModelEntry } from '../shared/models.js';

/** Where a network comes from: two files of this site, or a builder that runs in the page. */
export type NetworkSource =
  | { readonly kind: 'shipped'; readonly lut: string; readonly dense: string }
  | { readonly kind: 'generated'; readonly id: string };

export interface NetworkChoice {
  readonly id: string;
  readonly title: string;
  /** What a visitor should know before running it. */
  readonly note: string;
  readonly source: NetworkSource;
  /** Contains matrix products that the translation to TensorFlow.js does not know. */
  readonly attention: boolean;
  readonly chosen: boolean;
}

const GENERATED: readonly (readonly [id: string, title: string, note: string])[] = [
  ['resnet18-32', 'ResNet18, 32 × 32', '45 MB of random weights'],
  ['senet18-32', 'SENet18, 32 × 32', '45 MB of random weights'],
  ['vgg11-32', 'VGG11, 32 × 32', '37 MB of random weights'],
  ['resnet18-224', 'ResNet18, 224 × 224', '47 MB of random weights'],
  ['bert', `BERT-base, ${BERT_BASE.length} tokens`, '340 MB of random weights; needs about 3 GB of memory'],
];

/** Networks that the page offers: those that the site ships, and those that it can build. */
export function networkChoices(models: readonly ModelEntry[]): readonly NetworkChoice[] {
  return [
    ...models.map(({ id, title, lut, dense }): NetworkChoice => {
      const source = { kind: 'shipped', lut, dense } as const;
      return { id, title, note: 'trained', source, attention: false, chosen: true };
    }),
    ...GENERATED.map(([id, title, note]): NetworkChoice => {
      const source = { kind: 'generated', id } as const;
      return { id, title, note, source, attention: id === 'bert', chosen: false };
    }),
  ];
}

/** Engines that the page offers; LiteRT.js needs files of its own format. */
export const PAGE_ENGINES: readonly EngineId[] = ['lutra', 'lutra-dense', 'ort-f32', 'ort-int8', 'tfjs'];

/** Why an engine does not run a network; undefined when it does. */
export function whyNot(engine: EngineId, network: NetworkChoice, threads: number): string | undefined {
  if (engine !== 'tfjs') return undefined;
  if (network.attention) return `${ENGINES.tfjs.title} takes part on convolutional networks only`;
  // It starts its threads from a blob: address, which this site's policy does not allow.
  if (threads > 1) return `${ENGINES.tfjs.title} takes part with one thread only`;
  return undefined;
}
