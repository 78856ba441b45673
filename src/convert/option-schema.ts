import { checkValues, type Given, pick, type Rule, type Schema, type SchemaOf } from '../option-schema.js';
import type { ConvertOptions, GeometryOptions } from './types.js';

type GeometryKind = NonNullable<GeometryOptions['conv']>['kind'];

/** {@link ConvertOptions} that people set, without nesting. */
type FlatOptions = Omit<ConvertOptions, 'geometry' | 'metadata' | 'description'> &
  Omit<GeometryOptions, 'conv'> & { readonly geometry?: GeometryKind; readonly group?: number };

/** Channels per codebook where only the geometry is given: LUT-NN's choice for patches, what measured best for the others. */
export const DEFAULT_GROUP: Readonly<Record<GeometryKind, number>> = { patch: 1, row: 1, pixel: 4 };

const CENTROIDS: readonly number[] = [8, 16, 32, 64];
const GEOMETRY_TEXT: Readonly<Record<string, string>> = {
  patch: 'Patch: LUT-NN’s own',
  row: 'Row of one channel',
  pixel: 'Pixel of four channels',
};

/** Options of a conversion. The compiler checks them against {@link ConvertOptions}. */
export const CONVERT_OPTIONS = {
  optimize: {
    kind: 'choice',
    choices: ['balanced', 'speed', 'accuracy'],
    default: 'balanced',
    flag: '--optimize <goal>',
    help: 'what geometry and K are chosen for',
    page: { label: 'Aim' },
  },
  geometry: {
    kind: 'choice',
    choices: ['patch', 'row', 'pixel'],
    otherwise: 'chosen layer by layer',
    flag: '--geometry <kind>',
    help: 'codebook window of convolutions',
    page: { label: 'Codebooks of convolutions', text: (kind) => GEOMETRY_TEXT[kind] },
  },
  group: {
    kind: 'integer',
    min: 1,
    otherwise: Object.entries(DEFAULT_GROUP).flat().join(' ').replace(/(\d) /g, '$1, '),
    flag: '--group <g>',
    help: 'channels per codebook with --geometry',
  },
  pointwise: {
    kind: 'integer',
    min: 1,
    otherwise: 'chosen layer by layer',
    flag: '--pointwise <g>',
    help: 'channels per codebook of 1×1 convolutions',
  },
  linear: {
    kind: 'integer',
    min: 1,
    otherwise: 'chosen layer by layer',
    flag: '--linear <g>',
    help: 'inputs per codebook of Gemm and MatMul',
  },
  centroids: {
    kind: 'choice',
    choices: CENTROIDS,
    otherwise: 'chosen layer by layer',
    flag: '--k <n>',
    help: 'centroids per codebook',
    page: { label: 'Centroids' },
  },
  maxBytes: {
    kind: 'bytes',
    otherwise: 'any size',
    flag: '--max-size <size>',
    help: 'largest file, such as 4MB: geometry and K of all layers are chosen together for the least error in it',
    page: {
      label: 'Size of the file',
      presets: [0.5e6, 1e6, 2e6, 4e6, 8e6, 16e6, 32e6],
      text: (bytes) => `at most ${Number(bytes) / 1e6} MB`,
    },
  },
  maxDrop: {
    kind: 'number',
    min: 0,
    max: 100,
    flag: '--max-drop <points>',
    help: 'convert as many layers as fit within this loss of accuracy, in percentage points',
  },
  recipe: {
    kind: 'choice',
    choices: ['fitted', 'plain'],
    default: 'fitted',
    flag: '--recipe <kind>',
    help: 'plain: k-means and products of weights and centroids, to compare with',
  },
  stem: {
    kind: 'choice',
    choices: ['float', 'integer'],
    otherwise: 'integer with --optimize speed, else float',
    flag: '--stem <kind>',
    help: 'the first convolution; integer: 7-bit inputs and int8 weights',
  },
  encoder: {
    kind: 'choice',
    choices: ['centroid', 'tree'],
    default: 'centroid',
    flag: '--encoder <kind>',
    help: 'how inputs are encoded; tree: MADDNESS, faster and less accurate',
  },
  layers: {
    kind: 'names',
    words: ['default', 'all'],
    flag: '--layers <names>',
    help: 'default, all, none (only stores preprocessing and labels in the file), or names with commas',
  },
  exclude: { kind: 'names', flag: '--exclude <names>', help: 'layers to keep dense, names with commas' },
  seed: {
    kind: 'integer',
    default: 1,
    flag: '--seed <n>',
    help: 'the same seed gives the same model',
  },
  lambda: { kind: 'number', above: 0, help: 'strength of the ridge, relative to the mean use of a table row' },
  normalize: { kind: 'flag', help: 'bring mean and variance of every output channel back to those of the dense layer' },
  refitDense: { kind: 'flag', help: 'fit layers that stay dense behind converted ones to their new inputs' },
} as const satisfies SchemaOf<FlatOptions>;

/** Which examples a conversion learns from. */
export const CALIBRATION_OPTIONS = {
  samples: {
    kind: 'integer',
    min: 1,
    default: 1000,
    flag: '--samples <n>',
    help: 'examples to use, drawn evenly from all classes',
    page: {
      label: 'Examples to learn from',
      presets: [100, 300, 1000, 3000],
      chosen: 300,
      text: (count) => `up to ${count}`,
    },
  },
} as const satisfies Schema;

type FlatValues = Given<typeof CONVERT_OPTIONS>;

export const GROUP_RULE: Rule<Pick<FlatValues, 'geometry' | 'group'>> = {
  holds: ({ geometry, group }) => geometry !== undefined || group === undefined,
  problem: '{group} needs {geometry}',
};

export const CONVERT_RULES: readonly Rule<FlatValues>[] = [
  {
    holds: ({ encoder, centroids = 16 }) => encoder !== 'tree' || centroids === 16,
    problem: '{encoder} tree needs {centroids} 16',
  },
  {
    holds: ({ maxBytes, maxDrop }) => maxBytes === undefined || maxDrop === undefined,
    problem: 'give either {maxBytes} or {maxDrop}',
  },
  GROUP_RULE,
];

/** The options of a conversion that flags or a form give; what is left out keeps the converter's default. */
export function convertOptions(values: FlatValues): ConvertOptions {
  const { geometry: kind, group, pointwise, linear, ...rest } = pick(CONVERT_OPTIONS, values);
  return {
    ...rest,
    geometry: {
      ...(kind ? { conv: { kind, channels: group ?? DEFAULT_GROUP[kind] } } : {}),
      ...(pointwise ? { pointwise } : {}),
      ...(linear ? { linear } : {}),
    },
  };
}

/** Where {@link ConvertOptions} has what the flat options hold. */
const NESTED: Readonly<Record<string, string>> = {
  geometry: 'geometry.conv.kind',
  group: 'geometry.conv.channels',
  pointwise: 'geometry.pointwise',
  linear: 'geometry.linear',
};

/** @throws LutraError `INVALID_ARGUMENT` naming the option that is out of range */
export function checkOptions({ geometry, metadata, description, ...rest }: ConvertOptions): void {
  const { conv, ...others } = geometry ?? {};
  const group = conv && { geometry: conv.kind, group: conv.channels ?? Number.NaN };
  checkValues(CONVERT_OPTIONS, { ...rest, ...others, ...group }, CONVERT_RULES, (name) => `"${NESTED[name] ?? name}"`);
}
