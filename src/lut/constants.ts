import { LutraError } from '../errors.js';
import type { DataType, DataTypeMap, Graph, Node } from '../graph/types.js';
import { describeNode } from '../ops/operator.js';
import { inputsOf, type OperatorSpec } from './operator.js';

/** A tensor of a known element type. */
interface TypedTensor<T extends DataType> {
  readonly dims: readonly number[];
  readonly data: DataTypeMap[T];
}

/**
 * Reads constant inputs of a node.
 *
 * @param types the element type of every input to read
 * @throws LutraError `UNSUPPORTED` for an input that other nodes compute, or of another type
 */
export function constantsOf<Input extends string, const Types extends { readonly [Name in Input]?: DataType }>(
  graph: Graph,
  spec: OperatorSpec<Input>,
  node: Node,
  types: Types,
): { readonly [Name in keyof Types]: TypedTensor<Types[Name] & DataType> } {
  const names: Readonly<Record<string, string>> = inputsOf(spec, node);
  const read = Object.entries(types).map(([input, type]) => {
    const value = graph.initializers.get(names[input]!);
    if (value?.type === type) return [input, value];
    throw new LutraError('UNSUPPORTED', `input "${input}" must be a constant to be trained`, {
      node: describeNode(node),
      expected: String(type),
      actual: value?.type ?? 'a computed value',
    });
  });
  return Object.fromEntries(read);
}
