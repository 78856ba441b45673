import { inferContext, inferNode, type KnownValues } from '../../ops/infer-node.js';
import type { OperatorSet } from '../../ops/operator-set.js';
import type { DataType, Graph, Node, TensorType, TensorValue } from '../types.js';

/** Values up to this many elements are computed while types are inferred: shapes and what is made of them. */
const SMALL = 1024;

/**
 * Types of as many values as can be known, constants, and small values that follow from constants and shapes. What an unknown input, an
 * unknown operator or an error stands before stays out of the result: errors are for the planner to report.
 *
 * @param inputs types of graph inputs; may be incomplete
 * @param skipped nodes that are left out, too
 */
export function inferTypes(
  graph: Graph,
  operators: OperatorSet,
  inputs: ReadonlyMap<string, TensorType>,
  skipped?: (node: Node) => boolean,
): KnownValues {
  const types = new Map<string, TensorType>(inputs);
  const values = new Map<string, TensorValue>(graph.initializers);
  for (const [name, { type, dims }] of graph.initializers) types.set(name, { type, dims });
  for (const node of graph.nodes) {
    const operator = operators.of(node, graph.opset);
    if (!operator || node.inputs.some((name) => name !== '' && !types.has(name)) || skipped?.(node)) continue;
    try {
      const inferred = inferNode(operator, inferContext(node, graph.opset, { types, values }), SMALL);
      node.outputs.forEach((name, index) => {
        const [type, value] = [inferred.types[index], inferred.values?.[index]];
        if (name && type) types.set(name, type);
        if (name && value) values.set(name, value);
      });
    } catch {
      // The outputs stay unknown.
    }
  }
  return { types, values };
}

/** What holds for every size of the symbolic dimensions: only inputs whose whole shape is declared are used. */
export function inferStatic(graph: Graph, operators: OperatorSet): KnownValues {
  return inferTypes(graph, operators, declaredInputs(graph));
}

/** An element type and a number of dimensions. */
export interface Rank {
  readonly type: DataType;
  /** A dimension is undefined where it may depend on symbolic ones. */
  readonly dims: readonly (number | undefined)[];
}

/** Sizes of symbolic dimensions on the way: the first dimension (the batch), the others, and how much larger each further symbol is. */
const [BATCH, OTHER, STEP] = [2, 224, 64];

/**
 * Element types and ranks, which are the same for every size of the symbolic dimensions: some size stands for each symbol, and the dimensions
 * that come out are forgotten. An operator whose rank depends on sizes gives nothing, unless it sees declared shapes alone.
 */
export function inferRanks(graph: Graph, operators: OperatorSet): ReadonlyMap<string, Rank> {
  const exact = inferStatic(graph, operators).types;
  const sizes = new Map<string, number>();
  const sizeOf = (symbol: string, axis: number): number => {
    if (!sizes.has(symbol)) sizes.set(symbol, (axis === 0 ? BATCH : OTHER) + STEP * sizes.size);
    return sizes.get(symbol)!;
  };
  // Dimensions without a name say nothing of each other.
  const inputs = declaredInputs(graph, (dim, axis, name) => sizeOf(dim ? `"${dim}"` : `${name} ${axis}`, axis));
  const { types } = inferTypes(
    graph,
    operators,
    inputs,
    (node) => !exact.has(node.inputs[0]!) && operators.of(node, graph.opset)?.traits.rankFromSizes?.(node) === true,
  );
  const ranks = new Map<string, Rank>();
  for (const [name, { type, dims }] of types) {
    ranks.set(name, exact.get(name) ?? { type, dims: dims.map(() => undefined) });
  }
  for (const { name, type, dims } of graph.inputs) {
    if (dims) ranks.set(name, { type, dims: dims.map((dim) => (typeof dim === 'number' ? dim : undefined)) });
  }
  return ranks;
}

/**
 * Types of the inputs whose rank is declared.
 *
 * @param sizeOf Size of a symbolic dimension. Without it, inputs that have any are left out.
 */
export function declaredInputs(
  { inputs }: Graph,
  sizeOf?: (symbol: string, axis: number, input: string) => number,
): Map<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const { name, type, dims } of inputs) {
    const sizes = dims?.map((dim, axis) => (typeof dim === 'number' ? dim : sizeOf?.(dim, axis, name)));
    if (sizes?.every((size) => size !== undefined)) types.set(name, { type, dims: sizes });
  }
  return types;
}
