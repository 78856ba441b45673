import { inferContext, inferNode } from '../../ops/infer-node.js';
import type { OperatorSet } from '../../ops/operator-set.js';
import { GraphEditor } from '../editor.js';
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
export function foldConstants(graph: Graph, operators: OperatorSet, kept = RANDOM): Graph {
  const editor = new GraphEditor(graph);
  const { values } = inferStatic(graph, operators);
  for (const node of graph.nodes) {
    const results = kept.test(node.op) || node.epilogue ? undefined : evaluate(editor, operators, node, values);
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
  operators: OperatorSet,
  node: Node,
  known: ReadonlyMap<string, TensorValue>,
): readonly TensorValue[] | undefined {
  const results = node.outputs.flatMap((name) => (name ? (known.get(name) ?? []) : []));
  if (results.length > 0 && results.length === node.outputs.length) return results;
  const values = editor.constants;
  const operator = operators.of(node, editor.graph.opset);
  if (!operator || node.inputs.some((name) => name !== '' && !values.has(name))) return undefined;
  const most = Math.max(MOST_ELEMENTS, ...node.inputs.map((name) => values.get(name)?.data.length ?? 0));
  try {
    return inferNode(operator, inferContext(node, editor.graph.opset, { types: values, values }), most).values;
  } catch {
    // The planner meets the same node again and reports what is wrong with it.
    return undefined;
  }
}
