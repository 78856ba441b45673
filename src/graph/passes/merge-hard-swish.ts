import { isOperator, numberAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node } from '../types.js';

const SLOPE = 1 / 6;

/**
 * Recognizes HardSigmoid, `clip(x + 3, 0, 6) / 6`, and HardSwish, `x · clip(x + 3, 0, 6) / 6` (Howard et al. 2019), in the parts
 * that exporters before opset 14 write. Not for files: the operators may be newer than the graph's opset.
 */
export function mergeHardSwish(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const { name } of graph.nodes) {
    const node = editor.node(name);
    if (!node || !isOperator(node, 'Mul', 'Div')) continue;
    const merged = scaled(editor, node) ?? gated(editor, node);
    if (!merged) continue;
    const attributes = merged.op === 'HardSigmoid' ? { alpha: SLOPE, beta: 0.5 } : {};
    editor.replace(
      [...merged.nodes, node],
      [{ name: node.name, op: merged.op, domain: '', inputs: [merged.x], outputs: node.outputs, attributes }],
    );
  }
  return editor.finish();
}

interface Merged {
  readonly op: 'HardSigmoid' | 'HardSwish';
  readonly x: string;
  /** What is replaced together with the last node. */
  readonly nodes: readonly Node[];
}

/** A division by 6 of the clipped sum, or of its product with x. */
function scaled(editor: GraphEditor, node: Node): Merged | undefined {
  const value = node.inputs.find((input) => editor.producer(input)) ?? '';
  const factor = scalar(editor, node, value);
  if (factor === undefined || (node.op === 'Div' && node.inputs[0] !== value)) return undefined;
  if (!close(node.op === 'Div' ? 1 / factor : factor, SLOPE)) return undefined;
  const clipped = shiftedClip(editor, value);
  if (clipped) return { op: 'HardSigmoid', ...clipped };
  const product = editor.producer(value);
  if (!product || !isOperator(product, 'Mul') || editor.soleReader(value) !== node) return undefined;
  const found = pairOf(product, (input) => shiftedClip(editor, input));
  return found && { op: 'HardSwish', x: found.x, nodes: [...found.nodes, product] };
}

/** x · HardSigmoid(x) */
function gated(editor: GraphEditor, node: Node): Merged | undefined {
  if (node.op !== 'Mul') return undefined;
  const found = pairOf(node, (input) => {
    const gate = editor.producer(input);
    if (!gate || !isOperator(gate, 'HardSigmoid') || editor.soleReader(input) !== node) return undefined;
    if (!close(numberAttribute(gate, 'alpha', 0.2), SLOPE) || numberAttribute(gate, 'beta', 0.5) !== 0.5)
      return undefined;
    return { x: gate.inputs[0]!, nodes: [gate] };
  });
  return found && { op: 'HardSwish', ...found };
}

type Match = Omit<Merged, 'op'>;

/** A match of one factor whose x is the other factor. */
function pairOf(product: Node, match: (input: string) => Match | undefined): Match | undefined {
  for (const [index, input] of product.inputs.entries()) {
    const found = match(input);
    if (found && found.x === product.inputs[1 - index]) return found;
  }
  return undefined;
}

/** clip(x + 3, 0, 6), read once. */
function shiftedClip(editor: GraphEditor, value: string): Match | undefined {
  const clip = editor.producer(value);
  const add = editor.producer(clip?.inputs[0]);
  if (!clip || !add || !isOperator(clip, 'Clip') || !isOperator(add, 'Add')) return undefined;
  if (!editor.soleReader(value) || editor.soleReader(add.outputs[0]) !== clip) return undefined;
  const bound = (index: number, name: string) =>
    clip.inputs[index] ? editor.constant(clip.inputs[index])?.data[0] : clip.attributes[name];
  if (bound(1, 'min') !== 0 || bound(2, 'max') !== 6) return undefined;
  const x = add.inputs.find((input) => scalar(editor, add, input) === 3);
  return x === undefined ? undefined : { x, nodes: [add, clip] };
}

/** The one-element float constant that `node` combines with `value`. */
function scalar(editor: GraphEditor, node: Node, value: string): number | undefined {
  const constant = editor.constant(node.inputs.find((input) => input !== value));
  if (constant?.type !== 'float32' || constant.data.length !== 1 || constant.dims.length > 1) return undefined;
  return constant.data[0] as number;
}

function close(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-6;
}
