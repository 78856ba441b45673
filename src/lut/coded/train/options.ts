import { LutraError } from '../../../errors.js';

/** T of distillation where none is given. */
export const DISTILLATION_TEMPERATURE = 4;

/** What a lookup network learns from. */
export type LookupLoss =
  /** The teacher's logits at this temperature (Hinton et al. 2015); needs no labels. `labelWeight` adds cross-entropy. */
  | { readonly kind: 'distillation'; readonly temperature?: number; readonly labelWeight?: number }
  | { readonly kind: 'labels'; readonly smoothing?: number };

export interface LookupTrainingOptions {
  /**
   * `product`: tables are centroids times weights, both learned (LUT-NN); every lookup layer then costs a dense convolution of the
   * reconstructed input. `free`: every table entry is learned; K/v times the multiplications. Default `product`.
   */
  readonly tables?: 'product' | 'free';
  /**
   * Factors per codebook of a product table beyond those of its centroids, 0..8: nearer to free tables, for rank/v more multiplications.
   * Default 0.
   */
  readonly extraRank?: number;
  /**
   * `frozen`: codes stay those of the conversion. `learned`: score weights and biases learn by soft-PQ. Default `frozen`.
   */
  readonly encoder?: 'frozen' | 'learned';
  /**
   * How the gradient passes an encoder: `straight-through` as if the layer were dense, `soft` through the softmax of the scores, or the
   * sum of both. Default `straight-through` with a frozen encoder, else `both`.
   */
  readonly inputGradient?: 'straight-through' | 'soft' | 'both';
  /**
   * Temperature of the softmax. `annealed` falls by a factor exp(−rate · η) at every step, with η the step's learning rate and the rate
   * `temperatureRate`. Default `learned`.
   */
  readonly temperature?: 'learned' | 'fixed' | 'annealed';
  /** Whether each codebook has its temperature, or each encoder. Default `layer`. */
  readonly temperaturePer?: 'layer' | 'codebook';
  /** Multiplies the initial temperature. Default 1. */
  readonly temperatureScale?: number;
  /** Factor of the learning rate of the logarithms of temperatures. Default 10. */
  readonly temperatureRate?: number;
  /** Bits of a table entry, one scale per output channel: 8, 7 or 6. Default 8. */
  readonly bits?: 8 | 7 | 6;
  /**
   * The forward pass rounds tables as they are deployed. Default: with free tables, and below 8 bits. At 8 bits rounding changes a product
   * table by far less than the codes do, and costs K/v times the multiplications.
   */
  readonly quantized?: boolean;
  /** Weight β of the reconstruction loss of every lookup layer, relative to its output's variance (eLUT-NN). Default 0. */
  readonly reconstruction?: number;
  /**
   * `live`: convolutions by lookup are normalized by the statistics of the micro-batch while they learn, from an affine map that changes
   * nothing, and this is folded into their tables at the end; activations then stay where the codes expect them. `folded`: they have a bias
   * only. Default `live`.
   */
  readonly normalization?: 'live' | 'folded';
  /** Whether layers that stayed dense learn. Default true. */
  readonly dense?: boolean;
  readonly loss?: LookupLoss;
}

/** As many as the smallest K. */
const LARGEST_RANK = 8;

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly tables: 'product' | 'free';
  readonly extraRank: number;
  readonly encoder: 'frozen' | 'learned';
  readonly straightThrough: boolean;
  readonly soft: boolean;
  readonly temperature: 'learned' | 'fixed' | 'annealed';
  readonly temperaturePer: 'layer' | 'codebook';
  readonly temperatureScale: number;
  readonly temperatureRate: number;
  readonly bits: 8 | 7 | 6;
  readonly quantized: boolean;
  readonly reconstruction: number;
  readonly normalization: 'live' | 'folded';
  readonly dense: boolean;
  readonly loss: LookupLoss;
}

/** @throws LutraError `INVALID_ARGUMENT` naming the option that is wrong */
export function resolveOptions(options: LookupTrainingOptions): ResolvedOptions {
  const oneOf = (name: keyof LookupTrainingOptions, ...allowed: readonly unknown[]) =>
    check(options[name] === undefined || allowed.includes(options[name]), name, allowed.join(' | '), options[name]);
  const atLeast = (name: keyof LookupTrainingOptions, low: number, inclusive: boolean) => {
    const value = options[name];
    const holds =
      value === undefined || (Number.isFinite(value) && (inclusive ? Number(value) >= low : Number(value) > low));
    check(holds, name, `a number ${inclusive ? 'of at least' : 'above'} ${low}`, value);
  };
  oneOf('tables', 'product', 'free');
  const rank = options.extraRank ?? 0;
  check(Number.isInteger(rank) && rank >= 0 && rank <= LARGEST_RANK, 'extraRank', `0..${LARGEST_RANK}`, rank);
  oneOf('encoder', 'frozen', 'learned');
  oneOf('inputGradient', 'straight-through', 'soft', 'both');
  oneOf('temperature', 'learned', 'fixed', 'annealed');
  oneOf('temperaturePer', 'layer', 'codebook');
  oneOf('bits', 8, 7, 6);
  oneOf('quantized', true, false);
  oneOf('normalization', 'live', 'folded');
  oneOf('dense', true, false);
  atLeast('temperatureScale', 0, false);
  atLeast('temperatureRate', 0, false);
  atLeast('reconstruction', 0, true);
  const loss = options.loss ?? { kind: 'distillation' };
  check(loss.kind === 'distillation' || loss.kind === 'labels', 'loss', 'distillation | labels', loss);
  const tables = options.tables ?? 'product';
  const encoder = options.encoder ?? 'frozen';
  const bits = options.bits ?? 8;
  const inputGradient = options.inputGradient ?? (encoder === 'frozen' ? 'straight-through' : 'both');
  check(
    encoder === 'frozen' || inputGradient !== 'straight-through',
    'inputGradient',
    'soft | both where the encoder learns',
    inputGradient,
  );
  return {
    tables,
    extraRank: tables === 'product' ? rank : 0,
    encoder,
    straightThrough: inputGradient !== 'soft',
    soft: inputGradient !== 'straight-through',
    temperature: options.temperature ?? 'learned',
    temperaturePer: options.temperaturePer ?? 'layer',
    temperatureScale: options.temperatureScale ?? 1,
    temperatureRate: options.temperatureRate ?? 10,
    bits,
    quantized: options.quantized ?? (tables === 'free' || bits < 8),
    reconstruction: options.reconstruction ?? 0,
    normalization: options.normalization ?? 'live',
    dense: options.dense ?? true,
    loss,
  };
}

function check(holds: boolean, name: keyof LookupTrainingOptions, expected: string, actual: unknown): void {
  if (holds) return;
  throw new LutraError('INVALID_ARGUMENT', `option "${name}" is wrong`, {
    expected,
    actual: JSON.stringify(actual) ?? 'undefined',
  });
}
