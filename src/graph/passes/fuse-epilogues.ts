import type { OperatorSet } from '../../ops/operator-set.js';
import { isOperator, numberAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import { formatType } from '../tensor.js';
import type { Activation, Epilogue, Graph, Node, TensorType } from '../types.js';

/** What follows a node and can be fused into it. */
interface Tail {
  /** The fused nodes, the last of which computes the result. */
  readonly nodes: readonly Node[];
  readonly epilogue: Epilogue;
}

/**
 * Fuses `activation(op(x) + residual)` into the operator that computes op(x), where its traits say so and nothing else reads the intermediate
 * values; what those leave goes into the Add or Mul before it. The residual must have the node's own shape: an Add that broadcasts
 * stays. A residual cannot depend on the fused node, whose only reader is the Add itself.
 *
 * @param types of all values, for the shapes that are planned
 */
export function fuseEpilogues(graph: Graph, operators: OperatorSet, types: ReadonlyMap<string, TensorType>): Graph {
  const editor = new GraphEditor(graph);
  // Whatever may take a sum comes before the sums. Backwards: of two convolutions that are added, the later takes the sum and the
  // earlier is its residual.
  const rank = (node: Node) => (isOperator(node, 'Add') ? 2 : isOperator(node, 'Mul') ? 1 : 0);
  for (const { name } of graph.nodes.toReversed().sort((a, b) => rank(a) - rank(b))) {
    const node = editor.node(name);
    const activations = node && !node.epilogue && operators.of(node, graph.opset)?.traits.epilogue;
    if (!activations || types.get(node.outputs[0]!)?.type !== 'float32') continue;
    const sum = residualTail(editor, node, types);
    const tail = activationTail(editor, sum?.nodes.at(-1) ?? node);
    const activation = tail && activations.includes(tail.epilogue.activation!.kind) ? tail : undefined;
    const fused = [...(sum?.nodes ?? []), ...(activation?.nodes ?? [])];
    const last = fused.at(-1);
    if (!last) continue;
    const epilogue = { ...sum?.epilogue, ...activation?.epilogue };
    editor.replace([node, ...fused], [{ ...node, outputs: last.outputs, epilogue }]);
  }
  return editor.finish();
}

/** Whether both values are known, with one element type and shape. */
export function sameType(types: ReadonlyMap<string, TensorType>, a: string, b: string): boolean {
  const [left, right] = [types.get(a), types.get(b)];
  return left !== undefined && right !== undefined && formatType(left) === formatType(right);
}

function residualTail(editor: GraphEditor, node: Node, types: ReadonlyMap<string, TensorType>): Tail | undefined {
  const value = node.outputs[0]!;
  const add = editor.soleReader(value);
  if (!add || add.epilogue || !isOperator(add, 'Add', 'Sum') || add.inputs.length !== 2) return undefined;
  const residual = add.inputs[add.inputs[0] === value ? 1 : 0]!;
  if (!sameType(types, value, residual)) return undefined;
  return { nodes: [add], epilogue: { residual } };
}

function activationTail(editor: GraphEditor, node: Node): Tail | undefined {
  const value = node.outputs[0]!;
  const reader = editor.soleReader(value);
  const activation = reader?.inputs[0] === value ? activationOf(editor, reader) : undefined;
  return reader && activation && { nodes: [reader], epilogue: { activation } };
}

/** The activation that a node is, if an epilogue knows it. */
export function activationOf(editor: GraphEditor, node: Node): Activation | undefined {
  if (node.op === 'Gelu' && node.domain === 'com.microsoft') return { kind: 'Gelu' };
  if (isOperator(node, 'Relu')) return { kind: 'Relu' };
  if (isOperator(node, 'HardSwish')) return { kind: 'HardSwish' };
  if (isOperator(node, 'LeakyRelu')) return { kind: 'LeakyRelu', alpha: numberAttribute(node, 'alpha', 0.01) };
  if (!isOperator(node, 'Clip')) return undefined;
  const min = bound(editor, node, 1, 'min', Number.NEGATIVE_INFINITY);
  const max = bound(editor, node, 2, 'max', Number.POSITIVE_INFINITY);
  return min === undefined || max === undefined ? undefined : { kind: 'Clip', min, max };
}

/** A bound of Clip: an attribute before opset 11, then an optional input, which must be constant here. */
function bound(editor: GraphEditor, node: Node, index: number, name: string, otherwise: number): number | undefined {
  const input = node.inputs[index];
  if (!input) return numberAttribute(node, name, otherwise);
  const constant = editor.constant(input);
  return constant?.type === 'float32' ? (constant.data as Float32Array)[0] : undefined;
}
