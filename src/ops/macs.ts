import { isOperator, numberAttribute } from '../graph/attributes.js';
import { elementCount } from '../graph/tensor.js';
import type { Node } from '../graph/types.js';

/** Dimensions of a value by name; `[]` where they are not known. */
export type DimsOf = (value: string | undefined) => readonly number[];

/** Multiply-adds of a dense layer for one run: Conv, ConvTranspose, Gemm and MatMul; 0 for any other operator. */
export function denseMacs(node: Node, dims: DimsOf): number {
  const [input, weight] = [dims(node.inputs[0]), dims(node.inputs[1])];
  const outputs = elementCount(dims(node.outputs[0]));
  if (isOperator(node, 'Conv')) return outputs * elementCount(weight.slice(1));
  if (isOperator(node, 'ConvTranspose')) return elementCount(input) * elementCount(weight.slice(1));
  if (isOperator(node, 'MatMul')) return outputs * (input.at(-1) ?? 1);
  if (isOperator(node, 'Gemm')) return outputs * (input[numberAttribute(node, 'transA', 0) === 1 ? 0 : 1] ?? 1);
  return 0;
}
