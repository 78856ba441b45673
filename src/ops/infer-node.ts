import { allocate, checkTensorSize, elementCount } from '../graph/tensor.js';
import type { Graph, Node, TensorType, TensorValue } from '../graph/types.js';
import { describeNode, type InputInfo, type Operator, type OperatorContext } from './operator.js';

/** What is known of values by name. */
export interface KnownValues {
  readonly types: ReadonlyMap<string, TensorType>;
  readonly values: ReadonlyMap<string, TensorValue>;
}

/** What shape inference may look at; an input without a known type is undefined, like an omitted one. */
export function inferContext(
  node: Node,
  opset: Graph['opset'],
  { types, values }: KnownValues,
): OperatorContext<InputInfo> {
  const inputs = node.inputs.map((name) => {
    const type = types.get(name);
    const value = values.get(name);
    return type && (value ? { ...type, value } : type);
  });
  return { node, opset: opset[node.domain] ?? 1, inputs };
}

/**
 * Types of the outputs, and the outputs themselves where constants and shapes determine them.
 *
 * @param most Larger outputs, in elements, are not computed.
 * @throws LutraError `INVALID_MODEL` and `OUT_OF_MEMORY` for an impossible or too large input or output; whatever the operator throws
 */
export function inferNode(
  operator: Operator,
  context: OperatorContext<InputInfo>,
  most = Infinity,
): { readonly types: readonly TensorType[]; readonly values?: readonly TensorValue[] } {
  const check = (what: string, types: readonly (TensorType | undefined)[]) =>
    types.forEach((type, i) => {
      if (type) checkTensorSize(type, `${what} ${i}`, { node: describeNode(context.node) });
    });
  check('input', context.inputs);
  const types = operator.infer(context);
  check('output', types);
  const known = operator.traits.shapeOnly || context.inputs.every((input) => !input || input.value);
  if (!known || context.node.epilogue || types.some(({ dims }) => elementCount(dims) > most)) return { types };
  const values = types.map(({ type, dims }) => allocate(type, dims));
  // An operator that looks at shapes alone gets values without data.
  const inputs = context.inputs.map((input) => input && (input.value ?? { ...input, data: new Uint8Array(0) }));
  operator.evaluate({ ...context, inputs }, values);
  return { types, values };
}
