import { isOperator, numbersAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import { allocate } from '../tensor.js';
import type { Graph, Node, TensorData, TensorValue } from '../types.js';

const UNARY = [
  ...['Abs', 'Ceil', 'Clip', 'Elu', 'Erf', 'Exp', 'Floor', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Log', 'Neg'],
  ...['Relu', 'Round', 'Selu', 'Sigmoid', 'Softplus', 'Sqrt', 'Tanh'],
];
const BINARY = ['Add', 'Sub', 'Mul', 'Div'];

/**
 * Cancels the layout changes that converters from NHWC frameworks leave behind: Transposes move down through element-wise
 * operators until they meet another Transpose, and consecutive ones become one or none.
 */
export function moveTransposes(graph: Graph): Graph {
  if (!graph.nodes.some((node) => isOperator(node, 'Transpose'))) return graph;
  const editor = new GraphEditor(graph);
  for (const { name } of graph.nodes) {
    const node = editor.node(name);
    if (!node || node.epilogue) continue;
    if (isOperator(node, 'Transpose')) combine(editor, node);
    else if (isOperator(node, ...UNARY)) sinkUnary(editor, node);
    else if (isOperator(node, ...BINARY)) sinkBinary(editor, node);
  }
  return editor.finish();
}

/** The permutation of a Transpose that states one. */
function permutation(node: Node | undefined): readonly number[] | undefined {
  if (!node || !isOperator(node, 'Transpose')) return undefined;
  const perm = numbersAttribute(node, 'perm');
  const valid = perm && new Set(perm).size === perm.length && perm.every((axis) => axis >= 0 && axis < perm.length);
  return valid ? perm : undefined;
}

function combine(editor: GraphEditor, node: Node): void {
  const perm = permutation(node);
  if (!perm) return;
  if (perm.every((axis, index) => axis === index)) {
    editor.bypass(node);
    return;
  }
  const producer = editor.producer(node.inputs[0]);
  const first = permutation(producer);
  if (!producer || first?.length !== perm.length) return;
  const both = perm.map((axis) => first[axis]!);
  const merged: Node = { ...node, inputs: [producer.inputs[0]!], attributes: { perm: both } };
  editor.replace([node], [merged]);
  if (both.every((axis, index) => axis === index)) editor.bypass(merged);
}

/** op(Transpose(x)) → Transpose(op(x)) */
function sinkUnary(editor: GraphEditor, node: Node): void {
  const transpose = editor.producer(node.inputs[0]);
  if (!transpose || !permutation(transpose) || editor.soleReader(transpose.outputs[0]) !== node) return;
  // Clip's bounds are scalars and need no transposition.
  swap(editor, [transpose], node, [transpose.inputs[0]!, ...node.inputs.slice(1)]);
}

/** op(Transpose(x), Transpose(y)) → Transpose(op(x, y)), where y may be a constant. */
function sinkBinary(editor: GraphEditor, node: Node): void {
  const transposes = node.inputs.flatMap((input) => {
    const producer = editor.producer(input);
    return producer && permutation(producer) && editor.soleReader(input) === node ? [producer] : [];
  });
  const perm = permutation(transposes[0]);
  if (!perm || transposes.some((other) => permutation(other)!.join() !== perm.join())) return;
  const inputs: string[] = [];
  for (const input of node.inputs) {
    const transpose = transposes.find((candidate) => candidate.outputs[0] === input);
    const constant = editor.constant(input);
    if (transpose) inputs.push(transpose.inputs[0]!);
    else if (!constant || constant.dims.length > perm.length) return;
    else inputs.push(constant.data.length === 1 ? input : editor.addConstant(undoPermutation(constant, perm), input));
  }
  swap(editor, transposes, node, inputs);
}

function swap(editor: GraphEditor, transposes: readonly Node[], node: Node, inputs: readonly string[]): void {
  const [transpose] = transposes as [Node];
  const inner = editor.newName(`${node.name}_transposed`);
  editor.replace(
    [...transposes, node],
    [
      { ...node, inputs, outputs: [inner] },
      { ...transpose, inputs: [inner], outputs: node.outputs },
    ],
  );
}

/** The constant c' for which Transpose(c', perm) broadcasts like c does. */
function undoPermutation(value: TensorValue, perm: readonly number[]): TensorValue {
  const rank = perm.length;
  const dims = [...new Array<number>(rank - value.dims.length).fill(1), ...value.dims];
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  const result = allocate(
    value.type,
    inverse.map((axis) => dims[axis]!),
  );
  const steps = inverse.map((axis) => strides[axis]!);
  copy(value.data, result.data, result.dims, steps);
  return result;
}

/** target[i0, i1, …] = source[Σ i·step] */
function copy(source: TensorData, target: TensorData, dims: readonly number[], steps: readonly number[]): void {
  const index = new Array<number>(dims.length).fill(0);
  for (let place = 0; place < target.length; place++) {
    const from = index.reduce((offset, i, axis) => offset + i * steps[axis]!, 0);
    (target as unknown[])[place] = source[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < dims[axis]!) break;
      index[axis] = 0;
    }
  }
}
