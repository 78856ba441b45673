import { checkValues, choice, type Values, withDefaults } from '../../../option-schema.js';
import { LOOKUP_TRAINING_OPTIONS, LOOKUP_TRAINING_RULES } from './option-schema.js';

/** T of distillation where none is given. */
export const DISTILLATION_TEMPERATURE = 4;

/** What a lookup network learns from. */
export type LookupLoss =
  /** The teacher's logits at this temperature (Hinton et al. 2015); needs no labels. `labelWeight` adds cross-entropy. */
  | { readonly kind: 'distillation'; readonly temperature?: number; readonly labelWeight?: number }
  | { readonly kind: 'labels'; readonly smoothing?: number };

const LOSS = choice(null, ['distillation', 'labels'], 'what the network learns from');

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

/** Options with every default filled in. */
export interface ResolvedOptions extends Omit<Values<typeof LOOKUP_TRAINING_OPTIONS>, 'inputGradient' | 'quantized'> {
  readonly straightThrough: boolean;
  readonly soft: boolean;
  readonly quantized: boolean;
  readonly loss: LookupLoss;
}

/** @throws LutraError `INVALID_ARGUMENT` naming the option that is wrong */
export function resolveOptions({
  loss = { kind: 'distillation' },
  ...options
}: LookupTrainingOptions): ResolvedOptions {
  checkValues(LOOKUP_TRAINING_OPTIONS, options, LOOKUP_TRAINING_RULES);
  checkValues({ loss: LOSS }, { loss: loss.kind });
  const { inputGradient, quantized, ...rest } = withDefaults(LOOKUP_TRAINING_OPTIONS, options);
  const gradient = inputGradient ?? (rest.encoder === 'frozen' ? 'straight-through' : 'both');
  return {
    ...rest,
    extraRank: rest.tables === 'product' ? rest.extraRank : 0,
    straightThrough: gradient !== 'soft',
    soft: gradient !== 'straight-through',
    quantized: quantized ?? (rest.tables === 'free' || rest.bits < 8),
    loss,
  };
}
