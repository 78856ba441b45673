import type { LutraErrorDetails } from '../../errors.js';
import { BODY_OPSET } from '../../lut/domain.js';
import { encodeHalf } from '../../ops/half.js';
import { nodeError } from '../../ops/operator.js';
import type { OperatorSet } from '../../ops/operator-set.js';
import { numberAttribute, numbersAttribute } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import { allocate } from '../tensor.js';
import type { Attribute, DataType, Graph, Node } from '../types.js';
import { inferRanks, type Rank } from './infer-types.js';

const HINT = `Raise the opset to ${BODY_OPSET} with onnx.version_converter first`;

/** The nodes that mean at version 13 what `node` means at its own; the last one must compute the node's outputs. */
type Rewrite = (context: Context, node: Node) => readonly Node[];

/** Rewrites that an operator needs when the model's version is below `below`. Operators that are not listed kept their meaning. */
const REWRITES: Readonly<Record<string, { readonly below: number; readonly rewrite: Rewrite }>> = {
  Slice: { below: 10, rewrite: attributesToInputs('starts', 'ends', 'axes') },
  Squeeze: { below: 13, rewrite: attributesToInputs('axes') },
  Unsqueeze: { below: 13, rewrite: attributesToInputs('axes') },
  ReduceSum: { below: 13, rewrite: attributesToInputs('axes') },
  Split: { below: 13, rewrite: attributesToInputs('split') },
  TopK: { below: 10, rewrite: raiseTopK },
  Clip: { below: 11, rewrite: raiseClip },
  Pad: { below: 11, rewrite: raisePad },
  Dropout: { below: 12, rewrite: raiseDropout },
  Scatter: { below: 11, rewrite: (_, node) => [{ ...node, op: 'ScatterElements' }] },
  BatchNormalization: { below: 9, rewrite: raiseBatchNormalization },
  Softmax: { below: 13, rewrite: raiseSoftmax },
  LogSoftmax: { below: 13, rewrite: raiseSoftmax },
  Hardmax: { below: 13, rewrite: raiseSoftmax },
  Upsample: { below: 13, rewrite: raiseResize },
  Resize: { below: 11, rewrite: raiseResize },
};

/**
 * The same function as a graph of default opset 13: attributes become inputs where they later did, and operators whose meaning
 * changed are rewritten. Graphs of 13 and newer are returned as they are.
 *
 * @throws LutraError `UNSUPPORTED` naming the node whose meaning cannot be kept
 */
export function raiseOpset(graph: Graph, operators: OperatorSet): Graph {
  const opset = graph.opset[''] ?? BODY_OPSET;
  if (opset >= BODY_OPSET) return graph;
  const context = new Context(graph, operators, opset);
  for (const node of graph.nodes) {
    if (node.domain !== '') continue;
    // Unknown operators may have changed, and what a subgraph holds would need the types of its inputs.
    if (!operators.of(node, graph.opset)) {
      throw context.refuse(node, `the operator cannot be raised from opset ${opset}`);
    }
    const entry = Object.hasOwn(REWRITES, node.op) ? REWRITES[node.op] : undefined;
    if (entry && opset < entry.below) context.editor.replace([node], entry.rewrite(context, node));
  }
  return { ...context.editor.finish(), opset: { ...graph.opset, '': BODY_OPSET } };
}

class Context {
  readonly editor: GraphEditor;
  private readonly ranks: ReadonlyMap<string, Rank>;

  constructor(
    graph: Graph,
    operators: OperatorSet,
    readonly opset: number,
  ) {
    this.editor = new GraphEditor(graph);
    this.ranks = inferRanks(graph, operators);
  }

  /** Type and, where they do not depend on symbolic sizes, dimensions of an input. */
  type(node: Node, index: number): Rank {
    const type = this.ranks.get(node.inputs[index] ?? '');
    if (!type) throw this.refuse(node, `the type of input ${index} must be known to raise the opset`);
    return type;
  }

  /** An int64 vector. */
  ints(node: Node, name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.editor.addConstant({ type: 'int64', dims: [values.length], data }, `${node.name}_${name}`);
  }

  /** A scalar of a floating type. */
  scalar(node: Node, name: string, type: DataType, number: number): string {
    const value = allocate(type, []);
    if (type === 'float16') encodeHalf([number], value.data as Uint16Array);
    else if (type === 'float32' || type === 'float64') value.data[0] = number;
    else throw this.refuse(node, `${name} cannot be given as ${type}`);
    return this.editor.addConstant(value, `${node.name}_${name}`);
  }

  refuse(node: Node, message: string, details: LutraErrorDetails = { hint: HINT }): Error {
    return nodeError(node, 'UNSUPPORTED', message, details);
  }
}

/** The attributes without those of these names. */
function without(node: Node, ...names: readonly string[]): Readonly<Record<string, Attribute>> {
  return Object.fromEntries(Object.entries(node.attributes).filter(([name]) => !names.includes(name)));
}

/** Lists of integers that became inputs of the same order behind the first one; an absent one is an omitted input. */
function attributesToInputs(...names: readonly string[]): Rewrite {
  return (context, node) => {
    const inputs = [node.inputs[0]!];
    for (const [index, name] of names.entries()) {
      const values = numbersAttribute(node, name);
      if (values) inputs[index + 1] = context.ints(node, name, values);
    }
    return [{ ...node, inputs: Array.from(inputs, (name) => name ?? ''), attributes: without(node, ...names) }];
  };
}

function raiseTopK(context: Context, node: Node): Node[] {
  const k = context.ints(node, 'k', [numberAttribute(node, 'k', 1)]);
  return [{ ...node, inputs: [node.inputs[0]!, k], attributes: without(node, 'k') }];
}

function raiseClip(context: Context, node: Node): Node[] {
  const inputs = [node.inputs[0]!];
  for (const [index, name] of ['min', 'max'].entries()) {
    const bound = node.attributes[name];
    if (typeof bound === 'number') inputs[index + 1] = context.scalar(node, name, context.type(node, 0).type, bound);
  }
  return [{ ...node, inputs: Array.from(inputs, (name) => name ?? ''), attributes: {} }];
}

function raisePad(context: Context, node: Node): Node[] {
  const inputs = [node.inputs[0]!, context.ints(node, 'pads', numbersAttribute(node, 'pads') ?? [])];
  const value = numberAttribute(node, 'value', 0);
  if (value !== 0) inputs.push(context.scalar(node, 'value', context.type(node, 0).type, value));
  return [{ ...node, inputs, attributes: without(node, 'pads', 'value') }];
}

/** Until version 12 Dropout was always in inference here, where the ratio has no effect. */
function raiseDropout(context: Context, node: Node): Node[] {
  const mask = node.outputs[1];
  if (mask && (context.editor.isPinned(mask) || context.editor.readers(mask).length > 0)) {
    throw context.refuse(node, 'what the mask holds in inference changed with opset 12');
  }
  return [{ ...node, outputs: node.outputs.slice(0, 1), attributes: {} }];
}

function raiseBatchNormalization(context: Context, node: Node): Node[] {
  if (numberAttribute(node, 'spatial', 1) !== 1) {
    throw context.refuse(node, 'normalization of every position on its own (spatial = 0) is gone since opset 9');
  }
  return [{ ...node, attributes: without(node, 'spatial') }];
}

/** Softmax, LogSoftmax and Hardmax: up to version 12 over all axes from `axis` on together, then over `axis` alone. */
function raiseSoftmax(context: Context, node: Node): Node[] {
  const { dims } = context.type(node, 0);
  const axis = numberAttribute(node, 'axis', 1);
  const first = axis < 0 ? axis + dims.length : axis;
  const long = dims.flatMap((dim, index) => (index >= first && dim !== 1 ? [index] : []));
  if (long.length <= 1) return [{ ...node, attributes: { axis: long[0] ?? dims.length - 1 } }];
  const name = (hint: string) => context.editor.newName(`${node.name}_${hint}`);
  const [shape, flat, result] = [name('shape'), name('flat'), name('result')];
  const step = (op: string, input: readonly string[], output: string, attributes = {}): Node => ({
    name: op === node.op ? node.name : name(op),
    op,
    domain: '',
    inputs: input,
    outputs: [output],
    attributes,
  });
  return [
    step('Shape', [node.inputs[0]!], shape),
    step('Flatten', [node.inputs[0]!], flat, { axis: first }),
    step(node.op, [flat], result, { axis: 1 }),
    step('Reshape', [result, shape], node.outputs[0]!),
  ];
}

/**
 * Upsample, and Resize of version 10: positions were o / scale, and the nearest one was rounded down when enlarging and up when
 * shrinking (onnxruntime, upsample.cc).
 */
function raiseResize(context: Context, node: Node): Node[] {
  const { editor } = context;
  const attribute = numbersAttribute(node, 'scales');
  const scalesName =
    attribute && context.opset < 9
      ? editor.addConstant(
          { type: 'float32', dims: [attribute.length], data: Float32Array.from(attribute) },
          `${node.name}_scales`,
        )
      : node.inputs[1];
  const mode = node.attributes.mode ?? 'nearest';
  if (!scalesName) throw context.refuse(node, 'has no scales', {});
  const attributes: Record<string, Attribute> = { mode, coordinate_transformation_mode: 'asymmetric' };
  if (mode === 'nearest') attributes.nearest_mode = nearestMode(context, node, scalesName);
  return [{ ...node, op: 'Resize', inputs: [node.inputs[0]!, '', scalesName], attributes }];
}

function nearestMode(context: Context, node: Node, scalesName: string): string {
  if (node.op === 'Upsample') return 'floor';
  const scales = context.editor.constant(scalesName)?.data as Float32Array | undefined;
  if (scales?.every((scale) => scale >= 1)) return 'floor';
  if (scales?.every((scale) => scale <= 1)) return 'ceil';
  throw context.refuse(node, 'the nearest mode of opset 10 needs constant scales that all enlarge or all shrink');
}
