import { isOperator, numberAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node } from '../types.js';
import { type Affine, foldable, perChannel } from './affine.js';

/** Folds what scales and shifts the channels of a Conv, ConvTranspose or Gemm into its weights: BatchNormalization, Mul, Div, Add, Sub. */
export function foldAffine(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const { name } of graph.nodes) {
    const node = editor.node(name);
    const producer = node && operand(editor, node);
    const target = foldable(editor, producer);
    if (!node || !target || editor.soleReader(target.node.outputs[0]) !== node) continue;
    const affine = isOperator(node, 'BatchNormalization')
      ? normalization(editor, node, target.channels)
      : arithmetic(editor, node, target.node.outputs[0]!, target.channels, target.rank);
    if (affine) editor.replace([target.node, node], [target.fold(affine, node.outputs[0]!)]);
  }
  return editor.finish();
}

/** The producer of the one input that is not constant. */
function operand(editor: GraphEditor, node: Node): Node | undefined {
  if (isOperator(node, 'BatchNormalization')) return editor.producer(node.inputs[0]);
  if (!isOperator(node, 'Mul', 'Add', 'Sub', 'Div')) return undefined;
  return editor.producer(node.inputs[0]) ?? editor.producer(node.inputs[1]);
}

/** Ioffe & Szegedy 2015, inference: (x − mean) / √(variance + ε) · gamma + beta. */
function normalization(editor: GraphEditor, node: Node, channels: number): Affine | undefined {
  if (node.outputs.slice(1).some((output) => output !== '')) return undefined;
  if (numberAttribute(node, 'training_mode', 0) !== 0 || numberAttribute(node, 'spatial', 1) !== 1) return undefined;
  const vectors = node.inputs.slice(1, 5).map((input) => {
    const value = editor.constant(input);
    return value?.type === 'float32' && value.data.length === channels ? (value.data as Float32Array) : undefined;
  });
  const [gamma, beta, mean, variance] = vectors;
  if (!gamma || !beta || !mean || !variance) return undefined;
  const epsilon = numberAttribute(node, 'epsilon', 1e-5);
  const scale = Float64Array.from(gamma, (value, m) => value / Math.sqrt(variance[m]! + epsilon));
  return { scale, shift: scale.map((value, m) => beta[m]! - mean[m]! * value) };
}

function arithmetic(
  editor: GraphEditor,
  node: Node,
  value: string,
  channels: number,
  rank: number,
): Affine | undefined {
  const first = node.inputs[0] === value;
  const constant = perChannel(editor.constant(node.inputs[first ? 1 : 0]), channels, rank);
  if (!constant) return undefined;
  const ones = new Float64Array(channels).fill(1);
  const zeros = new Float64Array(channels);
  switch (node.op) {
    case 'Mul':
      return { scale: constant, shift: zeros };
    case 'Add':
      return { scale: ones, shift: constant };
    case 'Sub':
      return first ? { scale: ones, shift: constant.map((x) => -x) } : { scale: ones.map((x) => -x), shift: constant };
    default:
      // A constant divided by the value is not affine.
      return first && constant.every((x) => x !== 0) ? { scale: constant.map((x) => 1 / x), shift: zeros } : undefined;
  }
}
