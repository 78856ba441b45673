import { LutraError } from '../errors.js';
import { removeDeadCode } from '../graph/passes/dead-code.js';
import { checkTensorSize, MAX_TENSOR_BYTES, tensorBytes } from '../graph/tensor.js';
import { consumersOf, readValues, UniqueNames, valueNames } from '../graph/topology.js';
import type { Graph, Node, TensorType } from '../graph/types.js';
import { inferContext, inferNode } from '../ops/infer-node.js';
import { describeNode, nodeError, unrollsTooFar } from '../ops/operator.js';
import type { OperatorSet } from '../ops/operator-set.js';
import type { ConcreteGraph, InputTypes } from './types.js';

/** Bytes of all values together that are computed while planning. What is left is computed when the network runs, even if it is constant. */
const MOST_COMPUTED = MAX_TENSOR_BYTES;
/** Elements of the largest of them. */
const LARGEST_COMPUTED = MAX_TENSOR_BYTES / 8;
/** Loops in loops would otherwise unroll without end. */
const MOST_EXPANDED = 20_000;

/**
 * Gives every value of `graph` a concrete type and computes whatever does not depend on the graph's inputs, so that chains such
 * as Shape → Gather → Concat → Reshape disappear. Nodes that no graph output needs are dropped.
 *
 * @param inputTypes Type of every graph input, by name. An input that comes with its value counts as a constant.
 * @throws LutraError `UNSUPPORTED` naming every node that cannot run; `INVALID_MODEL`; `INVALID_ARGUMENT` for a missing input;
 *   `OUT_OF_MEMORY` for a tensor of 2^31 bytes or more.
 */
export function resolve(graph: Graph, operators: OperatorSet, inputTypes: InputTypes): ConcreteGraph {
  const types = new Map<string, TensorType>();
  const constants = new Map(graph.initializers);
  for (const [name, { type, dims }] of graph.initializers) types.set(name, { type, dims });
  for (const { name } of graph.inputs) {
    if (Object.hasOwn(inputTypes, name)) {
      const type = inputTypes[name]!;
      checkTensorSize(type, `input ${name}`);
      types.set(name, type);
      if ('data' in type) constants.set(name, type);
      else constants.delete(name);
    } else if (!constants.has(name)) {
      throw new LutraError('INVALID_ARGUMENT', `input "${name}" has no type`);
    }
  }

  const outputs = new Set(graph.outputs.map((output) => output.name));
  const failures: LutraError[] = [];
  /** Outputs of nodes that failed: their readers are not blamed for what they cannot know. */
  const unknown = new Set<string>();
  const rest: Node[] = [];
  const waiting = removeDeadCode(graph).nodes.toReversed();
  let names: UniqueNames | undefined;
  let expanded = 0;
  let computed = 0;
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const operator = operators.of(node, graph.opset);
    if (!operator) failures.push(refusalOf(graph, operators, node));
    if (!operator || readValues(node).some((name) => unknown.has(name))) {
      for (const name of node.outputs) unknown.add(name);
      continue;
    }
    const missing = node.inputs.find((name) => name !== '' && !types.has(name));
    if (missing !== undefined) {
      throw new LutraError('INVALID_MODEL', `reads "${missing}", which nothing before it produces`, {
        node: describeNode(node),
      });
    }
    const context = inferContext(node, graph.opset, { types, values: constants });
    let inferred: ReturnType<typeof inferNode>;
    try {
      if (operator.expand) {
        names ??= new UniqueNames(new Set([...valueNames(graph), ...graph.nodes.map(({ name }) => name)]));
        const newName = names.make.bind(names);
        const part = operator.expand({ ...context, newName, room: MOST_EXPANDED - expanded });
        expanded += part.nodes.length;
        if (expanded > MOST_EXPANDED) throw unrollsTooFar(node);
        for (const [name, value] of part.constants) {
          constants.set(name, value);
          types.set(name, { type: value.type, dims: value.dims });
        }
        waiting.push(...part.nodes.toReversed());
        continue;
      }
      inferred = inferNode(operator, context, Math.min(LARGEST_COMPUTED, (MOST_COMPUTED - computed) / 8));
    } catch (thrown) {
      const error = LutraError.from(thrown);
      if (error.code !== 'UNSUPPORTED') throw error;
      failures.push(error);
      for (const name of node.outputs) unknown.add(name);
      continue;
    }
    if (inferred.types.length < node.outputs.length) {
      throw new LutraError('INVALID_MODEL', `has no output ${inferred.types.length}`, { node: describeNode(node) });
    }
    // `evaluate` fills every output, so omitted ones get names, too.
    const outputNames = inferred.types.map((_, index) => node.outputs[index] || `${node.name}:${index}`);
    inferred.types.forEach((type, index) => {
      types.set(outputNames[index]!, type);
    });
    if (!inferred.values) rest.push({ ...node, outputs: outputNames });
    inferred.values?.forEach((value, index) => {
      constants.set(outputNames[index]!, value);
      computed += tensorBytes(value);
    });
  }
  if (failures.length > 0) throw unsupported(failures);
  for (const name of outputs) {
    if (!types.has(name)) throw new LutraError('INVALID_MODEL', `output "${name}" is produced by no node`);
  }

  const { nodes } = removeDeadCode({ ...graph, nodes: rest });
  return { graph, operators, nodes, types, constants, consumers: consumersOf(nodes), outputs };
}

function refusalOf({ opset }: Graph, { refusal, list }: OperatorSet, node: Node): LutraError {
  return refusal?.(node, opset, list) ?? nodeError(node, 'UNSUPPORTED', 'the operator does not run');
}

/** One error for all nodes that cannot run, so that a user sees the whole distance at once. */
function unsupported(failures: readonly LutraError[]): LutraError {
  if (failures.length === 1) return failures[0]!;
  return new LutraError(
    'UNSUPPORTED',
    `${failures.length} nodes cannot run:\n${failures.map((failure) => `- ${failure.message}`).join('\n')}`,
    { node: failures.map((failure) => failure.node).join(', ') },
  );
}
