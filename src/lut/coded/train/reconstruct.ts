import { reshape, sumOver, swapLast } from '../../../train/gradient/shapes.js';
import type { ForwardContext, GradientRule } from '../../../train/types.js';
import { TRAINING_DOMAIN } from '../../../train/types.js';
import { outputSize, windowOf } from '../../window.js';
import { addTaps, fold, spreadTaps, unfold } from './windows.js';

/**
 * `Unfold`: x [N, C, H, W] → [N, C·kh·kw, Ho, Wo], the values under a window (attributes kernel_shape, strides, pads), zero outside of
 * the image.
 */
export const UNFOLD: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'Unfold',
  forward: ({ emitter, node, inputs }) => ({ outputs: [unfold(emitter, inputs[0]!, windowOf(node))] }),
  backward: ({ emitter, node, inputs, gradients }) => [
    fold(emitter, gradients[0]!, emitter.type(inputs[0]!).dims, windowOf(node)),
  ],
};

/** `Surrogate`: value, carrier of one shape → value. The gradient goes to both unchanged. */
export const SURROGATE: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'Surrogate',
  forward: ({ inputs }) => ({ outputs: [inputs[0]!] }),
  backward: ({ gradients }) => [gradients[0], gradients[0]],
};

/**
 * `Reconstruct`: one-hot codes [N, B, K, H, W], centroids [B, K, v] → [N, B·v, H, W], the centroid of every code.
 */
export const RECONSTRUCT: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'Reconstruct',
  forward({ emitter, inputs }) {
    const [hot, centroids] = inputs as [string, string];
    const [N, B, K, H, W] = emitter.type(hot).dims as [number, number, number, number, number];
    const v = emitter.type(centroids).dims[2]!;
    const flat = reshape(emitter, hot, [N, B, K, H * W]);
    const values = emitter.node('MatMul', [swapLast(emitter, centroids), flat]);
    return { outputs: [reshape(emitter, values, [N, B * v, H, W])] };
  },
  backward({ emitter, inputs, gradients, wanted }) {
    const [hot, centroids] = inputs as [string, string];
    const [N, B, K, H, W] = emitter.type(hot).dims as [number, number, number, number, number];
    const v = emitter.type(centroids).dims[2]!;
    const dy = reshape(emitter, gradients[0]!, [N, B, v, H * W]);
    const dCentroids = () => {
      const codes = swapLast(emitter, reshape(emitter, hot, [N, B, K, H * W]));
      return swapLast(emitter, sumOver(emitter, emitter.node('MatMul', [dy, codes]), [0]));
    };
    return [
      wanted[0] ? reshape(emitter, emitter.node('MatMul', [centroids, dy]), [N, B, K, H, W]) : undefined,
      wanted[1] ? dCentroids() : undefined,
    ];
  },
};

/**
 * `AddTables`: one-hot codes [N, B, K, H, W], tables [taps, M, B·K] → [N, M, Ho, Wo], the sums of the operator LookUp
 * (docs/lookup-operators.md) with real tables. Attributes: kernel_shape, strides, pads.
 */
export const ADD_TABLES: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'AddTables',
  forward(context) {
    const { emitter, inputs } = context;
    const { window, planes, rows, matrix } = tableShape(context);
    const hot = reshape(emitter, inputs[0]!, [planes.batch, rows, planes.from[0] * planes.from[1]]);
    return { outputs: [addTaps(emitter, emitter.node('MatMul', [matrix, hot]), window, planes)] };
  },
  backward(context) {
    const { emitter, inputs, gradients, wanted } = context;
    const [hot, tables] = inputs as [string, string];
    const { window, planes, rows, matrix } = tableShape(context);
    const dz = spreadTaps(emitter, gradients[0]!, window, planes);
    const dTables = () => {
      const columns = reshape(emitter, hot, [planes.batch, rows, planes.from[0] * planes.from[1]]);
      const perExample = emitter.node('MatMul', [dz, swapLast(emitter, columns)]);
      return reshape(emitter, sumOver(emitter, perExample, [0]), emitter.type(tables).dims);
    };
    return [
      wanted[0]
        ? reshape(emitter, emitter.node('MatMul', [swapLast(emitter, matrix), dz]), emitter.type(hot).dims)
        : undefined,
      wanted[1] ? dTables() : undefined,
    ];
  },
};

function tableShape({ emitter, node, inputs }: ForwardContext) {
  const [hot, tables] = inputs as [string, string];
  const [taps, outputs, rows] = emitter.type(tables).dims as [number, number, number];
  const [batch, , , height, width] = emitter.type(hot).dims as [number, number, number, number, number];
  const window = windowOf(node);
  return {
    window,
    planes: { batch, outputs, from: [height, width], to: outputSize(window, [height, width]) } as const,
    rows,
    /** [taps·M, B·K] */
    matrix: reshape(emitter, tables, [taps * outputs, rows]),
  };
}
