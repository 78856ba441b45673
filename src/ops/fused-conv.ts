import type { Node } from '../graph/types.js';
import { CONV_ATTRIBUTES, conv, convShape } from './conv.js';
import * as op from './define.js';
import type { Operator } from './operator.js';

/** `com.microsoft` FusedConv: Conv, then an optional residual, then an activation (onnxruntime contrib operators). */
const ACTIVATIONS: Readonly<Record<string, (x: number, parameters: readonly number[]) => number>> = {
  '': (x) => x,
  Relu: (x) => Math.max(0, x),
  Tanh: Math.tanh,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  LeakyRelu: (x, [alpha = 0.01]) => (x < 0 ? alpha * x : x),
  Clip: (x, [low = -Infinity, high = Infinity]) => Math.min(high, Math.max(low, x)),
  HardSigmoid: (x, [alpha = 0.2, beta = 0.5]) => Math.min(1, Math.max(0, alpha * x + beta)),
};

function fusedActivation(node: Node): (x: number) => number {
  const { activation = '', activation_params: list = [] } = node.attributes;
  const apply = typeof activation === 'string' ? ACTIVATIONS[activation] : undefined;
  if (!apply)
    op.refuse(node, `activation ${activation} is not supported`, `Known: ${Object.keys(ACTIVATIONS).join(' ')}`);
  return (x) => apply(x, list as readonly number[]);
}

const fusedConv = op.define({
  name: 'FusedConv',
  domain: 'com.microsoft',
  opset: [1, 1],
  arity: [2, 4],
  types: [op.FLOAT],
  attributes: `${CONV_ATTRIBUTES} activation activation_params`,
  infer(context: op.InferContext) {
    fusedActivation(context.node);
    const { dims } = convShape(context);
    op.checkShape(context, 3, dims, 'the residual');
    return [{ type: op.typeOf(context), dims }];
  },
  evaluate(context, [y]) {
    conv.evaluate(context, [y!]);
    const apply = fusedActivation(context.node);
    const out: op.Elements = op.elements(y!);
    const residual = context.inputs[3] && op.input(context, 3);
    for (let i = 0; i < out.length; i++) out[i] = apply(out[i]! + (residual ? residual[i]! : 0));
  },
});

export const FUSED_CONV: readonly Operator[] = [fusedConv];
