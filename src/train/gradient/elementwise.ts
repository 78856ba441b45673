import { numberAttribute } from '../../graph/attributes.js';
import { nodeError } from '../../ops/operator.js';
import type { BackwardContext, GradientRule } from '../types.js';
import { rule } from './registry.js';
import { castLike, reduceTo } from './shapes.js';

/** Gradient of input `index` of a broadcasting operator from a gradient of the output's shape. */
function toInput({ emitter, inputs }: BackwardContext, index: number, gradient: string): string {
  return reduceTo(emitter, gradient, emitter.type(inputs[index]!).dims);
}

function binary(
  op: string,
  gradient: (context: BackwardContext, index: 0 | 1, g: string, a: string, b: string) => string,
): GradientRule {
  return rule({ op }, (context) => {
    const [a, b] = context.inputs as [string, string];
    return ([0, 1] as const).map((index) =>
      context.wanted[index]
        ? toInput(context, index, gradient(context, index, context.gradients[0]!, a, b))
        : undefined,
    );
  });
}

function node({ emitter }: BackwardContext, op: string, ...inputs: string[]): string {
  return emitter.node(op, inputs);
}

/** The exponent is a constant: the only kind that networks use. */
const POW = rule({ op: 'Pow' }, (context) => {
  const { emitter, inputs, gradients, wanted } = context;
  const [x, exponent] = inputs as [string, string];
  if (wanted[1]) throw nodeError(context.node, 'UNSUPPORTED', 'the exponent of Pow cannot learn');
  const value = emitter.value(exponent);
  if (value && value.data.length === 1 && Number(value.data[0]) === 2) {
    const doubled = node(context, 'Mul', gradients[0]!, emitter.scalar(2, x));
    return [toInput(context, 0, node(context, 'Mul', doubled, x))];
  }
  const power = castLike(emitter, exponent, x);
  const less = node(context, 'Sub', power, emitter.scalar(1, power));
  const slope = node(context, 'Mul', power, node(context, 'Pow', x, less));
  return [toInput(context, 0, node(context, 'Mul', gradients[0]!, slope))];
});

/** Where an extreme is reached by both inputs, the first gets the gradient. */
function extreme(op: 'Max' | 'Min', comparison: string): GradientRule {
  return rule({ op }, (context) => {
    const { emitter, inputs, gradients, wanted } = context;
    if (inputs.length > 2) throw nodeError(context.node, 'UNSUPPORTED', 'more than two inputs');
    const [a, b = ''] = inputs as [string, string];
    const gradient = gradients[0]!;
    if (!b) return [gradient];
    const first = node(context, comparison, a, b);
    const zero = emitter.scalar(0, gradient);
    return [
      wanted[0] ? toInput(context, 0, node(context, 'Where', first, gradient, zero)) : undefined,
      wanted[1] ? toInput(context, 1, node(context, 'Where', first, zero, gradient)) : undefined,
    ];
  });
}

const SUM = rule({ op: 'Sum' }, (context) =>
  context.wanted.map((wanted, index) => (wanted ? toInput(context, index, context.gradients[0]!) : undefined)),
);

const WHERE = rule({ op: 'Where', stops: [0] }, (context) => {
  const { emitter, inputs, gradients, wanted } = context;
  const gradient = gradients[0]!;
  const zero = emitter.scalar(0, gradient);
  return [
    undefined,
    wanted[1] ? toInput(context, 1, node(context, 'Where', inputs[0]!, gradient, zero)) : undefined,
    wanted[2] ? toInput(context, 2, node(context, 'Where', inputs[0]!, zero, gradient)) : undefined,
  ];
});

const CAST = rule({ op: 'Cast' }, ({ emitter, inputs, gradients }) => [castLike(emitter, gradients[0]!, inputs[0]!)]);

const IDENTITY = rule({ op: 'Identity' }, ({ gradients }) => [gradients[0]]);

/** Inference takes Dropout for the identity; so does training, which augments data instead. */
const DROPOUT: GradientRule = {
  op: 'Dropout',
  forward: ({ emitter, inputs }) => ({ outputs: [emitter.node('Identity', [inputs[0]!])] }),
  backward: ({ gradients }) => [gradients[0]],
};

const CLIP = rule({ op: 'Clip', stops: [1, 2] }, (context) => {
  const { emitter, inputs, gradients } = context;
  const [x, low, high] = inputs as [string, string | undefined, string | undefined];
  const inside = [
    ...(low ? [node(context, 'Greater', x, low)] : []),
    ...(high ? [node(context, 'Less', x, high)] : []),
  ];
  if (inside.length === 0) return [gradients[0]];
  const mask = inside.reduce((a, b) => node(context, 'And', a, b));
  return [node(context, 'Where', mask, gradients[0]!, emitter.scalar(0, x))];
});

const LEAKY_RELU = rule({ op: 'LeakyRelu' }, (context) => {
  const { emitter, inputs, gradients } = context;
  const [x, gradient] = [inputs[0]!, gradients[0]!];
  const alpha = emitter.scalar(numberAttribute(context.node, 'alpha', 0.01), x);
  const negative = node(context, 'Mul', gradient, alpha);
  return [node(context, 'Where', node(context, 'Greater', x, emitter.scalar(0, x)), gradient, negative)];
});

export const ELEMENTWISE: readonly GradientRule[] = [
  binary('Add', (_, __, g) => g),
  binary('Sub', (context, index, g) => (index === 0 ? g : node(context, 'Neg', g))),
  binary('Mul', (context, index, g, a, b) => node(context, 'Mul', g, index === 0 ? b : a)),
  binary('Div', (context, index, g, _, b) => {
    const quotient = node(context, 'Div', g, b);
    return index === 0 ? quotient : node(context, 'Neg', node(context, 'Mul', quotient, context.outputs[0]!));
  }),
  SUM,
  POW,
  extreme('Max', 'GreaterOrEqual'),
  extreme('Min', 'LessOrEqual'),
  WHERE,
  CAST,
  CLIP,
  LEAKY_RELU,
  IDENTITY,
  DROPOUT,
];
