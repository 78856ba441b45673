import type { ImagePreprocess, Preprocess } from '../../src/graph/metadata.js';
import { type Choice, select } from '../shared/controls.js';
import { html } from '../shared/dom.js';
import type { NetworkFacts } from './protocol.js';

interface Preset {
  readonly label: string;
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** How networks commonly want their pixels. */
const PRESETS: Readonly<Record<string, Preset>> = {
  unit: { label: '0 … 1', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
  signed: { label: '−1 … 1', scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  imagenet: {
    label: 'ImageNet mean and deviation',
    scale: 1 / 255,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  cifar: {
    label: 'CIFAR-10 mean and deviation',
    scale: 1 / 255,
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.247, 0.2435, 0.2616],
  },
  bytes: { label: '0 … 255', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
};

const DEFAULT_SIDE = 224;
const MAX_SIDE = 1024;

/** Asks how images become the network's input, where the file does not say. */
export class PreprocessForm {
  #facts: NetworkFacts | undefined;

  constructor(private readonly element: HTMLElement) {}

  show(facts: NetworkFacts): void {
    this.#facts = facts;
    const { stored, image } = facts;
    if (stored) {
      const takes =
        stored.kind === 'image'
          ? `${stored.width} × ${stored.height} ${stored.channels === 1 ? 'grey' : 'colour'} images`
          : `log-mel features of ${stored.sampleRate / 1000} kHz sound`;
      this.element.replaceChildren(html('p', { class: 'help' }, `The file says that the network takes ${takes}.`));
    } else if (image) {
      const choices = Object.entries(PRESETS).map(([value, { label }]): Choice => [value, label]);
      const side = (axis: 'width' | 'height') =>
        typeof image[axis] === 'number'
          ? undefined
          : html(
              'label',
              { class: 'field' },
              html('span', { class: 'legend' }, axis === 'width' ? 'Width' : 'Height'),
              html('input', { type: 'number', name: axis, min: 1, max: MAX_SIDE, value: DEFAULT_SIDE, required: true }),
            );
      this.element.replaceChildren(
        html('div', { class: 'options' }, select('pixels', 'Pixel values', choices), side('width'), side('height')),
        html(
          'p',
          { class: 'help' },
          'The file does not say how its pixels were scaled in training. A wrong choice makes both networks guess.',
        ),
      );
    } else {
      this.element.replaceChildren(
        html(
          'p',
          { class: 'help' },
          `The network takes neither images nor sound but ${facts.input.type}[${facts.input.dims.join(', ')}]: give examples as .npy or .npz arrays.`,
        ),
      );
    }
  }

  /** What the form says; undefined where the network takes arrays. */
  read(): Preprocess | undefined {
    const { stored, image } = this.#facts ?? {};
    if (stored || !image) return stored;
    const preset = PRESETS[this.element.querySelector<HTMLSelectElement>('[name=pixels]')!.value]!;
    const channels = image.channels ?? 3;
    const side = (axis: 'width' | 'height') => {
      const fixed = image[axis];
      if (typeof fixed === 'number') return fixed;
      const asked = Number(this.element.querySelector<HTMLInputElement>(`[name=${axis}]`)!.value);
      return Math.min(MAX_SIDE, Math.max(1, Math.round(asked) || DEFAULT_SIDE));
    };
    const spec: ImagePreprocess = {
      kind: 'image',
      width: side('width'),
      height: side('height'),
      channels,
      scale: preset.scale,
      mean: preset.mean.slice(0, channels),
      std: preset.std.slice(0, channels),
      resize: 'bilinear',
      layout: image.layout,
    };
    return spec;
  }
}
