import { isOperator } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node } from '../types.js';

/**
 * Recognizes Gelu, `x · ½ · (1 + erf(x / √2))` (Hendrycks & Gimpel 2016, §2), in the parts that exporters before opset 20 write,
 * whichever product they form first.
 */
export function mergeGelu(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const { name } of graph.nodes) {
    const erf = editor.node(name);
    const merged = erf && isOperator(erf, 'Erf') ? matchGelu(editor, erf) : undefined;
    if (!merged) continue;
    const { x, nodes } = merged;
    const { outputs } = nodes.at(-1)!;
    editor.replace(nodes, [
      { name: nodes.at(-1)!.name, op: 'Gelu', domain: 'com.microsoft', inputs: [x], outputs, attributes: {} },
    ]);
  }
  return editor.finish();
}

function matchGelu(editor: GraphEditor, erf: Node): { x: string; nodes: Node[] } | undefined {
  const inner = editor.producer(erf.inputs[0]);
  const scaled = inner && scaledBy(editor, inner, Math.SQRT1_2);
  const sum = editor.soleReader(erf.outputs[0]);
  if (!inner || !scaled || editor.soleReader(inner.outputs[0]) !== erf || !sum || !isOperator(sum, 'Add'))
    return undefined;
  const one = scalar(editor, other(sum, erf.outputs[0]!));
  const product = editor.soleReader(sum.outputs[0]);
  if (one !== 1 || !product || !isOperator(product, 'Mul')) return undefined;
  const found = [inner, erf, sum, product];
  const factor = other(product, sum.outputs[0]!);
  const last = editor.soleReader(product.outputs[0]);
  if (factor === scaled) {
    // (x · (1 + erf)) · ½
    return last && scaledBy(editor, last, 0.5) === product.outputs[0]
      ? { x: scaled, nodes: [...found, last] }
      : undefined;
  }
  if (scaledBy(editor, product, 0.5) === sum.outputs[0]) {
    // x · (½ · (1 + erf))
    return last && isOperator(last, 'Mul') && other(last, product.outputs[0]!) === scaled
      ? { x: scaled, nodes: [...found, last] }
      : undefined;
  }
  // (½ · x) · (1 + erf)
  const half = editor.producer(factor);
  return half && editor.soleReader(factor) === product && scaledBy(editor, half, 0.5) === scaled
    ? { x: scaled, nodes: [half, ...found] }
    : undefined;
}

/** What the node multiplies by `factor`, or divides by its inverse, about. */
function scaledBy(editor: GraphEditor, node: Node, factor: number): string | undefined {
  if (!isOperator(node, 'Mul', 'Div')) return undefined;
  const index = node.inputs.findIndex((input) => scalar(editor, input) !== undefined);
  if (index < 0 || (node.op === 'Div' && index === 0)) return undefined;
  const constant = scalar(editor, node.inputs[index])!;
  const actual = node.op === 'Div' ? 1 / constant : constant;
  return Math.abs(actual - factor) < 1e-6 ? node.inputs[1 - index] : undefined;
}

function other({ inputs }: Node, value: string): string | undefined {
  return inputs[inputs[0] === value ? 1 : 0];
}

/** The value of a float constant of one element. */
function scalar(editor: GraphEditor, name: string | undefined): number | undefined {
  const constant = editor.constant(name);
  if (constant?.type !== 'float32' || constant.data.length !== 1 || constant.dims.length > 1) return undefined;
  return constant.data[0] as number;
}
