import { checkValues, choice, withDefaults } from '../../../option-schema.js';
import { LOOKUP_TRAINING_OPTIONS } from './option-schema.js';

/** Temperature T of distillation. */
export const DISTILLATION_TEMPERATURE = 4;

/** What a lookup network learns from. */
export type LookupLoss =
  /** The logits of the dense network at temperature 4 (Hinton et al. 2015). Needs no labels. */
  | { readonly kind: 'distillation' }
  /** Cross-entropy with labels. */
  | { readonly kind: 'labels'; readonly smoothing?: number };

const LOSS = choice(null, ['distillation', 'labels'], 'what the network learns from');

/** How lookup layers learn. docs/training.md has the measurement behind each option. */
export interface LookupTrainingOptions {
  /** Default `{ kind: 'distillation' }`. */
  readonly loss?: LookupLoss;
  /**
   * `frozen`: codes stay those of the conversion, and the gradient passes the encoder as if the layer were dense. `learned`: score weights
   * and biases learn by soft-PQ, the gradient passes through the softmax of the scores, and its temperature learns (LUT-NN). Default `frozen`.
   */
  readonly encoder?: 'frozen' | 'learned';
  /**
   * `product`: tables are centroids times weights, both learned (LUT-NN). A lookup layer then costs as much as a dense convolution.
   * `free`: every table entry learns, from the values of the conversion on; K/v times the multiplications. Default `product`.
   */
  readonly tables?: 'product' | 'free';
  /**
   * `live`: the statistics of the micro-batch normalize convolutions by lookup while they learn, so that activations stay where the codes
   * expect them. The normalization changes nothing at the start, and is folded into the tables at the end. `folded`: a bias only.
   * Default `live`.
   */
  readonly normalization?: 'live' | 'folded';
  /** Bits of a table entry, with one scale per output channel. Default 8. */
  readonly bits?: 8 | 7 | 6;
  /**
   * The forward pass rounds tables as they are deployed (quantization-aware training). Default: with free tables, and below 8 bits. At 8 bits
   * rounding changes a product table far less than the codes do, and costs K/v times the multiplications.
   */
  readonly quantized?: boolean;
}

/** Options with every default filled in. */
export type ResolvedOptions = Required<LookupTrainingOptions>;

/** @throws LutraError `INVALID_ARGUMENT` naming the option that is wrong */
export function resolveOptions({
  loss = { kind: 'distillation' },
  ...options
}: LookupTrainingOptions): ResolvedOptions {
  checkValues(LOOKUP_TRAINING_OPTIONS, options);
  checkValues({ loss: LOSS }, { loss: loss.kind });
  const { quantized, ...rest } = withDefaults(LOOKUP_TRAINING_OPTIONS, options);
  return { ...rest, loss, quantized: quantized ?? (rest.tables === 'free' || rest.bits < 8) };
}
