import { GraphEditor } from '../editor.js';
import { subgraphs } from '../topology.js';
import type { Graph, Node } from '../types.js';

/** Larger constants are compared by name only. */
const MOST_COMPARED = 256;
const RANDOM = /^(Random|Bernoulli|Multinomial|Dropout)/;

/** Computes equal things once: nodes of equal operator, inputs and attributes share the first one's outputs. */
export function shareCommonSubexpressions(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  const constants = new Map<string, string>();
  const canonical = new Map<string, string>();
  for (const [name, value] of graph.initializers) {
    const key = value.data.length <= MOST_COMPARED ? keyOf(value) : name;
    const first = constants.get(key) ?? name;
    constants.set(key, first);
    canonical.set(name, first);
  }
  const seen = new Map<string, Node>();
  for (const { name } of graph.nodes) {
    const node = editor.node(name)!;
    if (RANDOM.test(node.op) || subgraphs(node).length > 0) continue;
    const inputs = node.inputs.map((input) => canonical.get(input) ?? input);
    const key = keyOf([node.domain, node.op, inputs, node.outputs.length, sortedAttributes(node), node.epilogue]);
    const first = seen.get(key);
    if (!first) seen.set(key, node);
    else if (!node.outputs.some((output) => editor.isPinned(output))) {
      editor.remove(node);
      node.outputs.forEach((output, index) => {
        if (output && first.outputs[index]) editor.redirect(output, first.outputs[index]);
      });
    }
  }
  return editor.finish();
}

function sortedAttributes(node: Node): unknown {
  return Object.entries(node.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Text that is equal for equal values. NaN, −0 and infinities are told apart from what JSON would make of them. */
function keyOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`;
    if (typeof item === 'number') return Object.is(item, -0) ? '-0' : String(item);
    if (ArrayBuffer.isView(item))
      return Array.from(item as unknown as ArrayLike<number | bigint>, (x) => (Object.is(x, -0) ? '-0' : String(x)));
    return item;
  });
}
