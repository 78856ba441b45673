import {
  bytes,
  checkValues,
  choice,
  type Given,
  integer,
  names,
  number,
  pick,
  type Rule,
  type Schema,
  type SchemaOf,
} from '../option-schema.js';
import type { ConvertOptions, GeometryOptions } from './types.js';

type GeometryKind = NonNullable<GeometryOptions['conv']>['kind'];

/** {@link ConvertOptions} that people set, without nesting. */
type FlatOptions = Omit<ConvertOptions, 'geometry' | 'metadata' | 'description'> &
  Omit<GeometryOptions, 'conv'> & { readonly geometry?: GeometryKind; readonly group?: number };

/** Channels per codebook where only the geometry is given: LUT-NN's choice for patches, what measured best for the others. */
const DEFAULT_GROUP: Readonly<Record<GeometryKind, number>> = { patch: 1, row: 1, pixel: 4 };

const CENTROIDS: readonly number[] = [8, 16, 32, 64];
const GEOMETRY_TEXT: Readonly<Record<string, string>> = {
  patch: 'Patch: LUT-NN’s own',
  row: 'Row of one channel',
  pixel: 'Pixel of four channels',
};

/** Options of a conversion. The compiler checks them against {@link ConvertOptions}. */
export const CONVERT_OPTIONS = {
  optimize: choice('--optimize <goal>', ['balanced', 'speed', 'accuracy'], 'what geometry and K are chosen for', {
    default: 'balanced',
    page: { label: 'Aim' },
  }),
  geometry: choice('--geometry <kind>', ['patch', 'row', 'pixel'], 'codebook window of convolutions', {
    otherwise: 'chosen layer by layer',
    page: { label: 'Codebooks of convolutions', text: (kind: string) => GEOMETRY_TEXT[kind] },
  }),
  group: integer('--group <g>', 'channels per codebook with --geometry', {
    min: 1,
    otherwise: Object.entries(DEFAULT_GROUP).flat().join(' ').replace(/(\d) /g, '$1, '),
  }),
  pointwise: integer('--pointwise <g>', 'channels per codebook of 1×1 convolutions', {
    min: 1,
    otherwise: 'chosen layer by layer',
  }),
  linear: integer('--linear <g>', 'inputs per codebook of Gemm and MatMul', {
    min: 1,
    otherwise: 'chosen layer by layer',
  }),
  centroids: choice('--k <n>', CENTROIDS, 'centroids per codebook', {
    otherwise: 'chosen layer by layer',
    page: { label: 'Centroids' },
  }),
  maxBytes: bytes(
    '--max-size <size>',
    'largest file, such as 4MB: geometry and K of all layers are chosen together for the least error in it',
    {
      otherwise: 'any size',
      page: {
        label: 'Size of the file',
        presets: [0.5e6, 1e6, 2e6, 4e6, 8e6, 16e6, 32e6],
        text: (bytes: string) => `at most ${Number(bytes) / 1e6} MB`,
      },
    },
  ),
  maxDrop: number(
    '--max-drop <points>',
    'plan all layers together: the fastest network that loses at most so much accuracy, in percentage points',
    {
      min: 0,
      max: 100,
      otherwise: 'not limited',
      page: {
        label: 'Accuracy to give up',
        presets: [0.5, 1, 2, 5],
        text: (points: string) => `at most ${points} points`,
      },
    },
  ),
  speedup: number(
    '--speedup <times>',
    'plan all layers together: the most accurate network that is so many times as fast as the dense one',
    {
      min: 1,
      max: 1000,
      otherwise: 'not limited',
      page: { label: 'Speed', presets: [1.5, 2, 3, 4], text: (times: string) => `${times} times as fast` },
    },
  ),
  stem: choice('--stem <kind>', ['float', 'integer'], 'the first convolution; integer: 7-bit inputs and int8 weights', {
    otherwise: 'integer with --optimize speed, else float',
  }),
  encoder: choice(
    '--encoder <kind>',
    ['centroid', 'tree'],
    'how inputs are encoded; tree: MADDNESS, faster and less accurate',
    { default: 'centroid' },
  ),
  layers: names(
    '--layers <names>',
    'default, all, none (only stores preprocessing and labels in the file), or names with commas',
    { words: ['default', 'all'] },
  ),
  exclude: names('--exclude <names>', 'layers to keep dense, names with commas'),
  family: choice('--family <name>', ['coded', 'integer'], 'the lookup layers that replace the selected ones', {
    otherwise: 'coded; a plan chooses among all',
  }),
  seed: integer('--seed <n>', 'the same seed gives the same model', { default: 1 }),
} satisfies SchemaOf<FlatOptions>;

/** Which examples a conversion learns from. */
export const CALIBRATION_OPTIONS = {
  samples: integer('--samples <n>', 'examples to use, drawn evenly from all classes', {
    min: 1,
    default: 1000,
    page: {
      label: 'Examples to learn from',
      presets: [100, 300, 1000, 3000],
      chosen: 300,
      text: (count: string) => `up to ${count}`,
    },
  }),
} satisfies Schema;

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
export function checkOptions({ geometry, metadata, description, family, ...rest }: ConvertOptions): void {
  const { conv, ...others } = geometry ?? {};
  const group = conv && { geometry: conv.kind, group: conv.channels ?? Number.NaN };
  checkValues(CONVERT_OPTIONS, { ...rest, ...others, ...group }, CONVERT_RULES, (name) => `"${NESTED[name] ?? name}"`);
}
