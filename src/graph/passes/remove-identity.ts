import { isOperator, numberAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node } from '../types.js';

/** Removes nodes that hand their input on: Identity, Dropout in inference, sums and concatenations of one input. */
export function removeIdentity(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const { name } of graph.nodes) {
    const node = editor.node(name);
    if (node && handsOn(editor, node)) editor.bypass(node);
  }
  return editor.finish();
}

function handsOn(editor: GraphEditor, node: Node): boolean {
  if (isOperator(node, 'Identity')) return true;
  if (isOperator(node, 'Dropout')) return isInferenceDropout(editor, node);
  return isOperator(node, 'Sum', 'Max', 'Min', 'Mean', 'Concat') && node.inputs.length === 1;
}

/** The mask must be unused and training off: before opset 12 there is no training input. */
function isInferenceDropout(editor: GraphEditor, node: Node): boolean {
  const mask = node.outputs[1];
  if (mask && (editor.isPinned(mask) || editor.readers(mask).length > 0)) return false;
  const training = node.inputs[2];
  if (!training) return numberAttribute(node, 'is_test', 1) !== 0;
  return editor.constant(training)?.data[0] === 0;
}
