import type { ConvertOptions } from '../../src/convert/types.js';
import { type Choice, select } from '../shared/controls.js';

const AIMS: readonly Choice[] = [
  ['balanced', 'Balanced'],
  ['speed', 'Speed'],
  ['accuracy', 'Accuracy'],
];
const GEOMETRIES: readonly Choice[] = [
  ['auto', 'Chosen layer by layer'],
  ['patch', 'Patch: LUT-NN’s own'],
  ['row', 'Row of one channel'],
  ['pixel', 'Pixel of four channels'],
];
const CENTROIDS: readonly Choice[] = [
  ['auto', 'Chosen layer by layer'],
  ['8', '8'],
  ['16', '16'],
  ['32', '32'],
  ['64', '64'],
];
const SIZES: readonly Choice[] = [
  ['any', 'Any size'],
  ...[0.5, 1, 2, 4, 8, 16, 32].map((megabytes): Choice => [String(megabytes * 1e6), `at most ${megabytes} MB`]),
];
const SAMPLES: readonly Choice[] = [
  ['100', 'up to 100'],
  ['300', 'up to 300'],
  ['1000', 'up to 1000'],
  ['3000', 'up to 3000'],
];
const DEFAULT_SAMPLES = '300';
/** Channels per codebook of each geometry, as measured best (docs/conversion.md). */
const CHANNELS = { patch: 1, row: 1, pixel: 4 } as const;

/** Fills the form with the choices of a conversion. */
export function showOptions(form: HTMLElement): void {
  form.replaceChildren(
    select('aim', 'Aim', AIMS),
    select('geometry', 'Codebooks of convolutions', GEOMETRIES),
    select('centroids', 'Centroids', CENTROIDS),
    select('size', 'Size of the file', SIZES),
    select('samples', 'Examples to learn from', SAMPLES, { chosen: DEFAULT_SAMPLES }),
  );
}

/** What the form says. `layers` and `exclude` come from the table of layers. */
export function readOptions(form: HTMLElement): { readonly options: ConvertOptions; readonly samples: number } {
  const value = (name: string) => form.querySelector<HTMLSelectElement>(`[name=${name}]`)!.value;
  const geometry = value('geometry');
  const centroids = value('centroids');
  const size = value('size');
  return {
    samples: Number(value('samples')),
    options: {
      optimize: value('aim') as NonNullable<ConvertOptions['optimize']>,
      ...(geometry === 'auto'
        ? {}
        : {
            geometry: {
              conv: { kind: geometry as keyof typeof CHANNELS, channels: CHANNELS[geometry as keyof typeof CHANNELS] },
            },
          }),
      ...(size === 'any' ? {} : { maxBytes: Number(size) }),
      ...(centroids === 'auto' ? {} : { centroids: Number(centroids) }),
    },
  };
}
