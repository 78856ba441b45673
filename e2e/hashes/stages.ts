import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, Node, TensorValue } from '../../src/graph/types.js';
import { factsOf } from '../../src/lut/facts.js';

/** Names of graph outputs by what arithmetic makes them. */
export interface Stages {
  readonly codes: readonly string[];
  readonly sums: readonly string[];
  /** The outputs that the model declares. */
  readonly outputs: readonly string[];
}

/**
 * Makes the integer stages of a model visible: the codes of every Encode, and of every LookUp the sums before they are scaled, as
 * outputs of a second LookUp with scale 1 and bias 0.
 */
export function exposeStages(graph: Graph): { readonly graph: Graph; readonly stages: Stages } {
  const initializers = new Map<string, TensorValue>(graph.initializers);
  const twins: Node[] = [];
  const codes: string[] = [];
  for (const node of graph.nodes) {
    const operator = factsOf(node);
    if (operator?.result === 'codes') codes.push(node.outputs[0]!);
    if (operator?.result !== 'sums' || operator.quantizes) continue;
    const unscaled = node.inputs.slice(0, -2);
    const rows = graph.initializers.get(node.inputs.at(-1)!)!.dims[0]!;
    const name = `${node.name}/sums`;
    initializers.set(`${name}/one`, tensorValue('float32', [rows], new Float32Array(rows).fill(1)));
    initializers.set(`${name}/zero`, tensorValue('float32', [rows], new Float32Array(rows)));
    twins.push({ ...node, name, inputs: [...unscaled, `${name}/one`, `${name}/zero`], outputs: [name] });
  }
  const sums = twins.map(({ name }) => name);
  const declared = graph.outputs.map(({ name }) => name);
  const more = (names: readonly string[], type: 'uint8' | 'float32') =>
    names.filter((name) => !declared.includes(name)).map((name) => ({ name, type, dims: undefined }));
  return {
    graph: {
      ...graph,
      nodes: [...graph.nodes, ...twins],
      initializers,
      outputs: [...graph.outputs, ...more(codes, 'uint8'), ...more(sums, 'float32')],
    },
    stages: { codes, sums, outputs: declared },
  };
}
