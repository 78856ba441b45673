import { inferContext, inferNode, type KnownValues } from '../../ops/infer-node.js';
import type { Operator } from '../../ops/operator.js';
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
  skipped?: (node: Node, operator: Operator) => boolean,
): KnownValues {
  const types = new Map<string, TensorType>(inputs);
  const values = new Map<string, TensorValue>(graph.initializers);
  for (const [name, { type, dims }] of graph.initializers) types.set(name, { type, dims });
  for (const node of graph.nodes) {
    const operator = operators.of(node, graph.opset);
    if (!operator || node.inputs.some((name) => name !== '' && !types.has(name)) || skipped?.(node, operator)) continue;
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

/** Stands for every symbolic dimension while ranks are inferred. It has many divisors, for the sake of Reshape. */
const SOME_SIZE = 240;

/**
 * Element types and ranks, which are the same for every size of the symbolic dimensions. Operators know concrete shapes only, so some size
 * is put in, and dimensions that are not static are forgotten. An operator whose rank follows from sizes infers nothing there.
 */
export function inferRanks(graph: Graph, operators: OperatorSet): ReadonlyMap<string, Rank> {
  const exact = inferStatic(graph, operators).types;
  const ranks = new Map<string, Rank>();
  const inputs = declaredInputs(graph, () => SOME_SIZE);
  const { types } = inferTypes(graph, operators, inputs, (node, { traits }) => {
    return !exact.has(node.inputs[0]!) && traits.rankFromSizes?.(node) === true;
  });
  for (const [name, { type, dims }] of types) {
    ranks.set(name, exact.get(name) ?? { type, dims: dims.map(() => undefined) });
  }
  return ranks;
}

/**
 * Types of the inputs whose rank is declared.
 *
 * @param sizeOf Size of a symbolic dimension. Without it, inputs that have any are left out.
 */
export function declaredInputs({ inputs }: Graph, sizeOf?: (symbol: string) => number): Map<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const { name, type, dims } of inputs) {
    const sizes = dims?.map((dim) => (typeof dim === 'number' ? dim : sizeOf?.(dim)));
    if (sizes?.every((size) => size !== undefined)) types.set(name, { type, dims: sizes });
  }
  return types;
}
