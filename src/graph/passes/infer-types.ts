import { findOperator } from '../../ops/registry.js';
import { allocate, elementCount } from '../tensor.js';
import type { Graph, Node, TensorType, TensorValue } from '../types.js';

/** Values up to this many elements are computed while types are inferred: shapes and what is made of them. */
const SMALL = 1024;
/** Operators that look at the shape of their input only. */
const SHAPE_ONLY = new Set(['Shape', 'Size']);

export interface InferredTypes {
  readonly types: ReadonlyMap<string, TensorType>;
  /** Constants, and small values that follow from constants and shapes. */
  readonly values: ReadonlyMap<string, TensorValue>;
}

/**
 * Types of as many values as can be known. What an unknown input, an unknown operator or an error stands before stays out of the
 * result: errors are for the planner to report.
 *
 * @param inputs types of graph inputs; may be incomplete
 */
export function inferTypes(graph: Graph, inputs: ReadonlyMap<string, TensorType>): InferredTypes {
  const types = new Map<string, TensorType>(inputs);
  const values = new Map<string, TensorValue>(graph.initializers);
  for (const [name, { type, dims }] of graph.initializers) types.set(name, { type, dims });
  for (const node of graph.nodes) {
    if (node.inputs.every((name) => name === '' || types.has(name))) inferNode(graph, node, types, values);
  }
  return { types, values };
}

function inferNode(graph: Graph, node: Node, types: Map<string, TensorType>, values: Map<string, TensorValue>): void {
  const opset = graph.opset[node.domain] ?? 1;
  const operator = findOperator(node.domain, node.op, opset);
  if (!operator) return;
  const inputs = node.inputs.map((name) => {
    const type = types.get(name);
    const value = values.get(name);
    return type && (value ? { ...type, value } : type);
  });
  try {
    const inferred = operator.infer({ node, opset, inputs });
    node.outputs.forEach((name, index) => {
      const type = inferred[index];
      if (name && type) types.set(name, type);
    });
    const known = inputs.every((input) => !input || 'value' in input || SHAPE_ONLY.has(node.op));
    if (!known || node.epilogue || inferred.some(({ dims }) => elementCount(dims) > SMALL)) return;
    const results = inferred.map(({ type, dims }) => allocate(type, dims));
    const given = inputs.map(
      (input) => input && ('value' in input ? input.value : { ...input, data: new Uint8Array(0) }),
    );
    operator.evaluate({ node, opset, inputs: given }, results);
    node.outputs.forEach((name, index) => {
      const result = results[index];
      if (name && result) values.set(name, result);
    });
  } catch {
    for (const name of node.outputs) types.delete(name);
  }
}

/** What holds for every size of the symbolic dimensions: only inputs whose whole shape is declared are used. */
export function inferStatic(graph: Graph): InferredTypes {
  const inputs = new Map<string, TensorType>();
  for (const { name, type, dims } of graph.inputs) {
    if (dims?.every((dim) => typeof dim === 'number')) inputs.set(name, { type, dims });
  }
  return inferTypes(graph, inputs);
}

/**
 * Sizes tried for symbolic dimensions: for the first dimension (the batch) and for the others. Odd, even and many-times-even
 * sizes tell shapes apart that differ by rounding in a strided layer; no batch is 1, so broadcasting shows.
 */
const SAMPLES = [
  [2, 224],
  [3, 97],
  [5, 320],
] as const;
/** Every further symbol is this much larger, so that no two are of one size. */
const STEP = 64;

/**
 * Types under several assignments of sizes to the symbolic dimensions. Two values whose shapes agree in all of them may be
 * taken to agree always: shapes are built from sums, products and roundings of the sizes.
 */
export function inferSamples(graph: Graph): InferredTypes[] {
  return SAMPLES.map(([batch, other]) => {
    const sizes = new Map<string, number>();
    const inputs = new Map<string, TensorType>();
    for (const { name, type, dims } of graph.inputs) {
      const sampled = dims?.map((dim, axis) => {
        if (typeof dim === 'number') return dim;
        // Dimensions without a name say nothing of each other.
        const symbol = dim ? `"${dim}"` : `${name} ${axis}`;
        if (!sizes.has(symbol)) sizes.set(symbol, (axis === 0 ? batch : other) + STEP * sizes.size);
        return sizes.get(symbol)!;
      });
      if (sampled) inputs.set(name, { type, dims: sampled });
    }
    return inferTypes(graph, inputs);
  });
}

/** The type of a value when all samples know it, with the dimensions that differ between samples as undefined. */
export function sampledType(
  samples: readonly InferredTypes[],
  name: string,
): { readonly type: TensorType['type']; readonly dims: readonly (number | undefined)[] } | undefined {
  const types = samples.flatMap(({ types }) => types.get(name) ?? []);
  const [first] = types;
  if (!first || types.length < samples.length) return undefined;
  if (types.some(({ type, dims }) => type !== first.type || dims.length !== first.dims.length)) return undefined;
  return {
    type: first.type,
    dims: first.dims.map((dim, axis) => (types.every(({ dims }) => dims[axis] === dim) ? dim : undefined)),
  };
}

/** Whether two values have one type and shape in every sample. */
export function sameTypeInSamples(samples: readonly InferredTypes[], a: string, b: string): boolean {
  return samples.every(({ types }) => {
    const [left, right] = [types.get(a), types.get(b)];
    if (!left || !right || left.type !== right.type || left.dims.length !== right.dims.length) return false;
    return left.dims.every((dim, axis) => dim === right.dims[axis]);
  });
}
