import { applyEpilogue } from '../../src/engine/epilogue.js';
import { allocate } from '../../src/graph/tensor.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';

/** Runs a graph by the plain `evaluate` of its operators; returns every value. */
export function evaluateGraph(
  graph: Graph,
  feeds: Iterable<readonly [string, TensorValue]>,
  operators = COMPLETE_OPERATORS,
): Map<string, TensorValue> {
  const values = new Map<string, TensorValue>([...graph.initializers, ...feeds]);
  for (const node of graph.nodes) {
    const opset = graph.opset[node.domain] ?? 1;
    const operator = operators.find(node.domain, node.op, opset)!;
    const inputs = node.inputs.map((name) => (name ? values.get(name)! : undefined));
    const given = inputs.map((value) => value && { ...value, value });
    const outputs = operator.infer({ node, opset, inputs: given }).map(({ type, dims }) => allocate(type, dims));
    operator.evaluate({ node, opset, inputs }, outputs);
    if (node.epilogue) applyEpilogue(node.epilogue, outputs[0]!, values.get(node.epilogue.residual ?? ''), operators);
    node.outputs.forEach((name, index) => {
      if (name) values.set(name, outputs[index]!);
    });
  }
  return values;
}
