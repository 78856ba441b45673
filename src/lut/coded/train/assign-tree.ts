import { numberAttribute } from '../../../graph/attributes.js';
import { castLike, range, reshape } from '../../../train/gradient/shapes.js';
import type { GradientRule } from '../../../train/types.js';
import { TRAINING_DOMAIN } from '../../../train/types.js';
import { TREE_CENTROIDS, TREE_DEPTH } from '../../limits.js';
import { outputSize, windowAttributes, windowOf } from '../../window.js';
import { equals, quantizedActivations } from './assign.js';
import { floats } from './windows.js';

const NODES = TREE_CENTROIDS - 1;

/**
 * `AssignTree`: x [N, C, H, W], features int64 [B·4], thresholds float [B, 15] → one-hot codes [N, B, 16, Ho, Wo], those of the operator
 * EncodeTree (docs/lookup-operators.md). Attributes as `Assign`. No gradient passes.
 */
export const ASSIGN_TREE: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'AssignTree',
  stops: [0, 1, 2],
  forward(context) {
    const { emitter, node, inputs } = context;
    const [x, features, thresholds] = inputs as [string, string, string];
    const B = numberAttribute(node, 'group', 1);
    const [N, C, ...size] = emitter.type(x).dims as [number, number, number, number];
    const window = windowOf(node);
    const [height, width] = outputSize(window, size);
    const integers = quantizedActivations(context, x);

    const places = emitter.value(features)!.data as BigInt64Array;
    const v = (C / B) * window.kernel[0] * window.kernel[1];
    const picks = new Float32Array(B * TREE_DEPTH * v);
    places.forEach((place, row) => {
      picks[row * v + Number(place)] = 1;
    });
    const weights = floats(emitter, x, [B * TREE_DEPTH, C / B, ...window.kernel], picks);
    const picked = emitter.node('Conv', [integers, weights], { ...windowAttributes(window), group: B });
    const values = reshape(emitter, picked, [N, B, TREE_DEPTH, height * width]);

    // Every node of the tree decides, whether or not it is reached.
    const depths = range(NODES).map((at) => Math.floor(Math.log2(at + 1)));
    const compared = emitter.node('Gather', [values, emitter.ints(depths)], { axis: 2 });
    const zero = emitter.scalar(numberAttribute(node, 'zero_point', 0), x);
    const limits = reshape(emitter, emitter.node('Sub', [thresholds, zero]), [1, B, NODES, 1]);
    const right = castLike(emitter, emitter.node('Greater', [compared, limits]), x);
    const { signs, offsets } = leafPaths();
    const agreed = emitter.node('MatMul', [floats(emitter, x, [TREE_CENTROIDS, NODES], signs), right]);
    const total = emitter.node('Add', [agreed, floats(emitter, x, [1, 1, TREE_CENTROIDS, 1], offsets)]);
    const hot = equals(emitter, total, emitter.scalar(TREE_DEPTH, x));
    return { outputs: [reshape(emitter, hot, [N, B, TREE_CENTROIDS, height, width])] };
  },
  backward: () => [],
};

/** For every leaf how the decisions on its path must be: the number of those that are is `signs · decisions + offset`. */
function leafPaths() {
  const signs = new Float32Array(TREE_CENTROIDS * NODES);
  const offsets = new Float32Array(TREE_CENTROIDS);
  for (let leaf = 0; leaf < TREE_CENTROIDS; leaf++) {
    for (let depth = 0; depth < TREE_DEPTH; depth++) {
      const node = 2 ** depth - 1 + (leaf >> (TREE_DEPTH - depth));
      const goesRight = (leaf >> (TREE_DEPTH - depth - 1)) & 1;
      signs[leaf * NODES + node] = goesRight ? 1 : -1;
      offsets[leaf]! += goesRight ? 0 : 1;
    }
  }
  return { signs, offsets };
}
