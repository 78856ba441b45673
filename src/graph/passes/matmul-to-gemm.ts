import type { OperatorSet } from '../../ops/operator-set.js';
import { isOperator } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node } from '../types.js';
import { perChannel } from './affine.js';
import { inferRanks } from './infer-types.js';

/** MatMul of a matrix with a constant matrix, followed by Add of a constant vector, is one Gemm: it has a place for the bias. */
export function mergeMatMulAdd(graph: Graph, operators: OperatorSet): Graph {
  if (!graph.nodes.some((node) => isOperator(node, 'MatMul'))) return graph;
  const editor = new GraphEditor(graph);
  const ranks = inferRanks(graph, operators);
  for (const { name } of graph.nodes) {
    const matmul = editor.node(name);
    if (!matmul || !isOperator(matmul, 'MatMul') || matmul.epilogue) continue;
    const weight = editor.constant(matmul.inputs[1]);
    const add = editor.soleReader(matmul.outputs[0]);
    if (weight?.type !== 'float32' || weight.dims.length !== 2 || !add || !isOperator(add, 'Add')) continue;
    if (ranks.get(matmul.inputs[0]!)?.dims.length !== 2) continue;
    const bias = add.inputs[add.inputs[0] === matmul.outputs[0] ? 1 : 0];
    const columns = weight.dims[1]!;
    const values = perChannel(editor.constant(bias), columns, 2);
    if (!values) continue;
    const biasName = editor.addConstant(
      { type: 'float32', dims: [columns], data: Float32Array.from(values) },
      `${matmul.name}_bias`,
    );
    const gemm: Node = {
      ...matmul,
      op: 'Gemm',
      inputs: [...matmul.inputs, biasName],
      outputs: add.outputs,
      attributes: {},
    };
    editor.replace([matmul, add], [gemm]);
  }
  return editor.finish();
}
