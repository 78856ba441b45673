import { findOperator } from '../../ops/registry.js';
import { GraphEditor } from '../editor.js';
import { allocate, elementCount } from '../tensor.js';
import type { Graph, Node, TensorValue } from '../types.js';
import { inferStatic } from './infer-types.js';

/** A result that is larger than its inputs is only stored up to this many elements: a file should not grow by folding an Expand. */
const MOST_ELEMENTS = 65_536;
/** Results that differ from run to run. */
const RANDOM = /^(Random|Bernoulli|Multinomial)/;

/**
 * Replaces what depends on constants and declared shapes alone by its value.
 *
 * @param kept Operators that stay, whatever they depend on.
 */
export function foldConstants(graph: Graph, kept = RANDOM): Graph {
  const editor = new GraphEditor(graph);
  const { values } = inferStatic(graph);
  for (const node of graph.nodes) {
    const results = kept.test(node.op) || node.epilogue ? undefined : evaluate(editor, node, values);
    if (!results) continue;
    editor.remove(node);
    results.forEach((value, index) => {
      const name = node.outputs[index];
      if (name) editor.setConstant(name, value);
    });
  }
  return editor.finish();
}

function evaluate(
  editor: GraphEditor,
  node: Node,
  values: ReadonlyMap<string, TensorValue>,
): TensorValue[] | undefined {
  const known = node.outputs.flatMap((name) => (name ? (values.get(name) ?? []) : []));
  if (known.length > 0 && known.length === node.outputs.length) return known;
  const inputs = node.inputs.map((name) => editor.constant(name));
  if (node.inputs.some((name, index) => name !== '' && !inputs[index])) return undefined;
  const opset = editor.graph.opset[node.domain] ?? 1;
  const operator = findOperator(node.domain, node.op, opset);
  if (!operator) return undefined;
  try {
    const types = operator.infer({ node, opset, inputs: inputs.map((value) => value && { ...value, value }) });
    const most = Math.max(MOST_ELEMENTS, ...inputs.map((value) => value?.data.length ?? 0));
    if (types.some(({ dims }) => elementCount(dims) > most)) return undefined;
    const results = types.map(({ type, dims }) => allocate(type, dims));
    operator.evaluate({ node, opset, inputs }, results);
    return results;
  } catch {
    // The planner meets the same node again and reports what is wrong with it.
    return undefined;
  }
}
