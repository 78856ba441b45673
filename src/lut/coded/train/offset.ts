/** Mean and variance of every output channel of a layer over examples and positions, [M]. */
export interface LayerStatistics {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Names of the parameters and running statistics [M] that turn a layer's sums into its output. */
export type Offset =
  | { readonly kind: 'bias'; readonly bias: string }
  | {
      readonly kind: 'normalized';
      readonly scale: string;
      readonly bias: string;
      readonly mean: string;
      readonly variance: string;
    };

const EPSILON = 1e-5;

/** Attributes of the normalization of a layer. Running statistics look back over about 20 updates, so that short trainings forget the start. */
export const NORMALIZATION = { epsilon: EPSILON, momentum: 0.95 } as const;

/** Output = sums · factor + bias, each [M]; no factor is 1. */
export interface Affine {
  readonly factor: Float32Array | undefined;
  readonly bias: Float32Array;
}

/**
 * Values of a normalization that changes nothing: with them and the running statistics, output = sums + bias.
 * @param bias of the layer, [M]
 * @param statistics of its output
 */
export function offsetValues(bias: Float32Array, { mean, variance }: LayerStatistics) {
  return {
    scale: variance.map((value) => Math.sqrt(value + EPSILON)),
    bias: mean,
    mean: mean.map((value, m) => value - bias[m]!),
    variance,
  };
}

/** Factor and bias of a normalization by running statistics. @param value of an initializer by its name */
export function affineOf(offset: Offset, value: (name: string) => Float32Array): Affine {
  if (offset.kind === 'bias') return { factor: undefined, bias: value(offset.bias).slice() };
  const [mean, variance] = [value(offset.mean), value(offset.variance)];
  const factor = value(offset.scale).map((gamma, m) => gamma / Math.sqrt(Math.max(0, variance[m]!) + EPSILON));
  return { factor, bias: value(offset.bias).map((beta, m) => beta - mean[m]! * factor[m]!) };
}
