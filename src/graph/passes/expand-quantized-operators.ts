import { isOperator, numberAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node, TensorValue } from '../types.js';

/** Where an operator on integers has its parts: indices of inputs, each followed by those of its scale and zero point. */
interface Form {
  readonly op: string;
  /** Undefined for all behind the parameters of the result. */
  readonly reals?: readonly number[];
  /** Axis of scales that are one per channel, for the second real input. Default 0. */
  readonly axis?: (node: Node) => number;
  readonly bias?: number;
  /** Index of the scale and, behind it, the zero point of the result. */
  readonly result: number;
}

const UNARY = { reals: [0], result: 3 };
const BINARY = { reals: [0, 3], result: 6 };
const FORMS: Readonly<Record<string, Form>> = {
  ':QLinearConv': { op: 'Conv', ...BINARY, bias: 8 },
  ':QLinearMatMul': { op: 'MatMul', ...BINARY, axis: () => 1 },
  'com.microsoft:QGemm': {
    op: 'Gemm',
    reals: [0, 3],
    axis: (node) => (numberAttribute(node, 'transB', 0) === 0 ? 1 : 0),
    bias: 6,
    result: 7,
  },
  'com.microsoft:QLinearConcat': { op: 'Concat', result: 0 },
  'com.microsoft:QLinearAdd': { op: 'Add', ...BINARY },
  'com.microsoft:QLinearMul': { op: 'Mul', ...BINARY },
  'com.microsoft:QLinearGlobalAveragePool': { op: 'GlobalAveragePool', ...UNARY },
  'com.microsoft:QLinearAveragePool': { op: 'AveragePool', ...UNARY },
  'com.microsoft:QLinearLeakyRelu': { op: 'LeakyRelu', ...UNARY },
  'com.microsoft:QLinearSigmoid': { op: 'Sigmoid', ...UNARY },
};

/**
 * Writes operators on integers (the format "QOperator") as the operator on real numbers between DequantizeLinear and QuantizeLinear.
 * Scales and zero points must be constants; other nodes stay.
 */
export function expandQuantizedOperators(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const node of graph.nodes) {
    const form = FORMS[`${node.domain}:${node.op}`];
    if (form && node.attributes.channels_last !== 1) expand(editor, node, form);
  }
  return editor.finish();
}

function expand(editor: GraphEditor, node: Node, form: Form): void {
  const reals = form.reals ?? node.inputs.flatMap((_, index) => (index % 3 === 2 ? [index] : []));
  const parameters = [...reals.map((index) => index + 1), form.result];
  const scales = parameters.map((index) => editor.constant(node.inputs[index]));
  const zeros = parameters.map((index) => editor.constant(node.inputs[index + 1]));
  if (scales.some((value) => value?.type !== 'float32') || (form.op === 'Conv' && !editor.constant(node.inputs[3])))
    return;
  if (zeros.some((value, index) => node.inputs[parameters[index]! + 1] && !value)) return;
  const nodes: Node[] = [];
  const add = (op: string, inputs: readonly string[], attributes: Node['attributes'], output?: string): string => {
    const name = editor.newName(`${node.name}_${op}`);
    nodes.push({ name, op, domain: '', inputs, outputs: [output ?? `${name}:0`], attributes });
    return output ?? `${name}:0`;
  };
  const axis = form.axis?.(node) ?? 0;
  const inputs = reals.map((index) => add('DequantizeLinear', node.inputs.slice(index, index + 3), { axis }));
  const bias = form.bias === undefined ? undefined : node.inputs[form.bias];
  if (bias) inputs.push(add('DequantizeLinear', [bias, biasScale(editor, scales as TensorValue[])], { axis: 0 }));
  const { channels_last: _, ...attributes } = node.attributes;
  const real = add(form.op, inputs, attributes);
  add('QuantizeLinear', [real, ...node.inputs.slice(form.result, form.result + 2)], {}, node.outputs[0]);
  editor.replace([node], nodes);
}

/** Products of the scales of input and weight: a bias is stored in units of theirs. */
function biasScale(editor: GraphEditor, [input, weight]: readonly TensorValue[]): string {
  const factor = (input!.data as Float32Array)[0]!;
  const data = (weight!.data as Float32Array).map((scale) => factor * scale);
  return editor.addConstant({ type: 'float32', dims: weight!.dims, data }, 'bias_scale');
}

/** Whether a graph has anything quantized. */
export function isQuantized(graph: Graph): boolean {
  return graph.nodes.some((node) => isOperator(node, 'QuantizeLinear') || FORMS[`${node.domain}:${node.op}`]);
}
