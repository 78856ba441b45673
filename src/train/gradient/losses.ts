import { LutraError } from '../../errors.js';
import { numberAttribute } from '../../graph/attributes.js';
import { formatType } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import { describeNode } from '../../ops/operator.js';
import { type Emitter, type ForwardContext, type GradientRule, TRAINING_DOMAIN } from '../types.js';
import { castLike, multiply, range, sameDims, scale } from './shapes.js';

function refuse({ emitter, node, inputs }: ForwardContext, expected: string): LutraError {
  return new LutraError('INVALID_ARGUMENT', 'the inputs of the loss do not fit', {
    node: describeNode(node),
    expected,
    actual: inputs.map((input) => formatType(emitter.type(input))).join(' and '),
  });
}

/** Targets as probabilities [N, C], whether they came so or as class numbers [N]. */
function probabilities(context: ForwardContext): string {
  const { emitter, inputs } = context;
  const [logits, target] = inputs.map((input) => emitter.type(input));
  if (logits?.dims.length !== 2 || !target) throw refuse(context, 'logits [N, C]');
  const [rows, classes] = logits.dims as [number, number];
  if (sameDims(target.dims, logits.dims) && target.type === logits.type) return inputs[1]!;
  if (!sameDims(target.dims, [rows]) || !['int32', 'int64'].includes(target.type)) {
    throw refuse(context, 'logits [N, C] and class numbers [N] or probabilities [N, C]');
  }
  const numbers = emitter.node('Cast', [inputs[1]!], { to: 7 });
  const column = emitter.node('Reshape', [numbers, emitter.ints([rows, 1])]);
  const same = emitter.node('Equal', [column, emitter.ints(range(classes))]);
  return castLike(emitter, same, inputs[0]!);
}

function meanOverRows(emitter: Emitter, x: string): string {
  const rows = emitter.type(x).dims[0]!;
  return scale(emitter, emitter.node('ReduceSum', [x, emitter.ints([0, 1])], { keepdims: 0 }), 1 / rows);
}

/** −Σ p log q per row, with p = (1 − s) · target + s/C (Szegedy et al. 2016, §7); gradient (Σp · q − p)/N. */
const CROSS_ENTROPY: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'SoftmaxCrossEntropy',
  stops: [1],
  forward(context) {
    const { emitter, node, inputs } = context;
    const smoothing = numberAttribute(node, 'smoothing', 0);
    if (!(smoothing >= 0 && smoothing <= 1)) throw outOfRange(node, 'smoothing', '0..1', smoothing);
    const logits = inputs[0]!;
    const hard = probabilities(context);
    const classes = emitter.type(logits).dims[1]!;
    const spread = emitter.scalar(smoothing / classes, logits);
    const target = smoothing === 0 ? hard : emitter.node('Add', [scale(emitter, hard, 1 - smoothing), spread]);
    const log = emitter.node('LogSoftmax', [logits], { axis: -1 });
    const loss = emitter.node('Neg', [meanOverRows(emitter, emitter.node('Mul', [target, log]))]);
    return { outputs: [loss], saved: { target, log } };
  },
  backward({ emitter, inputs, saved, gradients }) {
    const { target, log } = saved as { target: string; log: string };
    const mass = emitter.node('ReduceSum', [target, emitter.ints([1])], { keepdims: 1 });
    const softmax = emitter.node('Mul', [emitter.node('Exp', [log]), mass]);
    const difference = emitter.node('Sub', [softmax, target]);
    const rows = emitter.type(inputs[0]!).dims[0]!;
    return [multiply(emitter, scale(emitter, difference, 1 / rows), gradients[0]!)];
  },
};

/** T² · KL(p ‖ q) at temperature T (Hinton et al. 2015, §2); gradient T · (q − p)/N. */
const DISTILLATION: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'DistillationLoss',
  stops: [1],
  forward(context) {
    const { emitter, inputs } = context;
    const [student, teacher] = inputs.map((input) => emitter.type(input));
    if (student?.dims.length !== 2 || !teacher || !sameDims(student.dims, teacher.dims)) {
      throw refuse(context, 'two tensors of logits [N, C]');
    }
    const temperature = temperatureOf(context);
    const [log, wanted] = inputs.map((input) =>
      emitter.node('LogSoftmax', [scale(emitter, input, 1 / temperature)], { axis: -1 }),
    ) as [string, string];
    const target = emitter.node('Exp', [wanted]);
    const divergence = emitter.node('Mul', [target, emitter.node('Sub', [wanted, log])]);
    const loss = scale(emitter, meanOverRows(emitter, divergence), temperature ** 2);
    return { outputs: [loss], saved: { target, log } };
  },
  backward(context) {
    const { emitter, inputs, saved, gradients } = context;
    const difference = emitter.node('Sub', [emitter.node('Exp', [saved.log!]), saved.target!]);
    const rows = emitter.type(inputs[0]!).dims[0]!;
    return [multiply(emitter, scale(emitter, difference, temperatureOf(context) / rows), gradients[0]!)];
  },
};

function temperatureOf({ node }: ForwardContext): number {
  const temperature = numberAttribute(node, 'temperature', 4);
  if (temperature > 0) return temperature;
  throw outOfRange(node, 'the temperature', 'more than 0', temperature);
}

function outOfRange(node: Node, what: string, expected: string, actual: number): LutraError {
  const details = { node: describeNode(node), expected, actual: `${actual}` };
  return new LutraError('INVALID_ARGUMENT', `${what} is out of range`, details);
}

const SQUARED_ERROR: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'MeanSquaredError',
  forward(context) {
    const { emitter, inputs } = context;
    const [x, target] = inputs.map((input) => emitter.type(input));
    if (!x || !target || !sameDims(x.dims, target.dims)) throw refuse(context, 'two tensors of one shape');
    const difference = emitter.node('Sub', [inputs[0]!, inputs[1]!]);
    const square = emitter.node('Mul', [difference, difference]);
    const axes = emitter.ints(range(x.dims.length));
    return { outputs: [emitter.node('ReduceMean', [square, axes], { keepdims: 0 })], saved: { difference } };
  },
  backward({ emitter, inputs, saved, gradients, wanted }) {
    const count = emitter.type(inputs[0]!).dims.reduce((a, b) => a * b, 1);
    const gradient = multiply(emitter, scale(emitter, saved.difference!, 2 / count), gradients[0]!);
    return [wanted[0] ? gradient : undefined, wanted[1] ? emitter.node('Neg', [gradient]) : undefined];
  },
};

const ACCURACY: GradientRule = {
  domain: TRAINING_DOMAIN,
  op: 'Accuracy',
  stops: [0, 1],
  forward(context) {
    const { emitter, inputs } = context;
    const target = emitter.node('ArgMax', [probabilities(context)], { axis: 1, keepdims: 0 });
    const found = emitter.node('ArgMax', [inputs[0]!], { axis: 1, keepdims: 0 });
    const right = castLike(emitter, emitter.node('Equal', [found, target]), inputs[0]!);
    return { outputs: [emitter.node('ReduceMean', [right, emitter.ints([0])], { keepdims: 0 })] };
  },
  backward: () => [],
};

export const LOSSES: readonly GradientRule[] = [CROSS_ENTROPY, DISTILLATION, SQUARED_ERROR, ACCURACY];
