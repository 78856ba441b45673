import { numberAttribute } from '../../graph/attributes.js';
import { nodeError } from '../../ops/operator.js';
import type { BackwardContext, GradientRule } from '../types.js';
import { rule } from './registry.js';
import { positive, range, reduceTo } from './shapes.js';

function overAxis({ emitter, node, inputs }: BackwardContext, x: string): string {
  const axis = positive(numberAttribute(node, 'axis', -1), emitter.type(inputs[0]!).dims.length);
  return emitter.node('ReduceSum', [x, emitter.ints([axis])], { keepdims: 1 });
}

const SOFTMAX = rule({ op: 'Softmax' }, (context) => {
  const { emitter, outputs, gradients } = context;
  const [y, gradient] = [outputs[0]!, gradients[0]!];
  const sum = overAxis(context, emitter.node('Mul', [gradient, y]));
  return [emitter.node('Mul', [y, emitter.node('Sub', [gradient, sum])])];
});

const LOG_SOFTMAX = rule({ op: 'LogSoftmax' }, (context) => {
  const { emitter, outputs, gradients } = context;
  const gradient = gradients[0]!;
  const share = emitter.node('Mul', [emitter.node('Exp', [outputs[0]!]), overAxis(context, gradient)]);
  return [emitter.node('Sub', [gradient, share])];
});

/** Ba et al. 2016, §3: normalized over `axis` and all axes behind it. */
const LAYER_NORMALIZATION: GradientRule = {
  op: 'LayerNormalization',
  forward({ emitter, node, inputs }) {
    if (node.outputs.slice(1).some(Boolean)) {
      throw nodeError(node, 'UNSUPPORTED', 'only the first output of LayerNormalization can be used');
    }
    return { outputs: [emitter.node('LayerNormalization', inputs, node.attributes)] };
  },
  backward({ emitter, node, inputs, gradients, wanted }) {
    const [x, gamma, beta] = inputs as [string, string, string | undefined];
    const gradient = gradients[0]!;
    const rank = emitter.type(x).dims.length;
    const first = positive(numberAttribute(node, 'axis', -1), rank);
    const axes = emitter.ints(range(rank).slice(first));
    const make = (op: string, a: string, b: string) => emitter.node(op, [a, b]);
    const mean = (value: string) => emitter.node('ReduceMean', [value, axes], { keepdims: 1 });
    const centred = make('Sub', x, mean(x));
    const epsilon = emitter.scalar(numberAttribute(node, 'epsilon', 1e-5), x);
    const spread = emitter.node('Sqrt', [make('Add', mean(make('Mul', centred, centred)), epsilon)]);
    const normal = make('Div', centred, spread);
    const inner = make('Mul', gradient, gamma);
    const along = make('Sub', inner, mean(inner));
    const across = make('Mul', normal, mean(make('Mul', inner, normal)));
    return [
      wanted[0] ? make('Div', make('Sub', along, across), spread) : undefined,
      wanted[1] ? reduceTo(emitter, make('Mul', gradient, normal), emitter.type(gamma).dims) : undefined,
      wanted[2] ? reduceTo(emitter, gradient, emitter.type(beta!).dims) : undefined,
    ];
  },
};

export const NORMALIZATIONS: readonly GradientRule[] = [SOFTMAX, LOG_SOFTMAX, LAYER_NORMALIZATION];
