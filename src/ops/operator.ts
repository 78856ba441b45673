import type { LutraErrorDetails } from '../errors.js';
import { LutraError } from '../errors.js';
import type { Activation, Node, TensorType, TensorValue } from '../graph/types.js';

/** What shape inference knows of one input: its type, and its value where that is constant. */
export interface InputInfo extends TensorType {
  readonly value?: TensorValue;
}

/** Everything an operator may look at. An omitted optional input is undefined. */
export interface OperatorContext<Input> {
  readonly node: Node;
  /** Version of the node's domain that the model imports. */
  readonly opset: number;
  readonly inputs: readonly (Input | undefined)[];
}

/** What may be looked at when a node is replaced by others. */
export interface ExpandContext extends OperatorContext<InputInfo> {
  /** A name that no value and no node has. */
  newName(hint: string): string;
  /** How many nodes may still come: more are refused with {@link unrollsTooFar}. */
  readonly room: number;
}

/** Nodes, in order, and constants that take the place of a node. */
export interface Expansion {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, TensorValue>;
}

/** What an operator asks of the passes and of the planner, so that they need not know its name. */
export interface OperatorTraits {
  /** The output is another name for the bytes of the first input. */
  readonly alias?: boolean;
  /** The result depends on the shape of the input only. */
  readonly shapeOnly?: boolean;
  /** Whether the rank of the result depends on the sizes of the input. */
  readonly rankFromSizes?: (node: Node) => boolean;
  /** Input 0 is read as planes quantized by the constant inputs 1 (scale) and 2 (zero point), with a border as wide as `pads`. */
  readonly readsPlanes?: boolean;
  /** Activations that may be fused behind the operator, after a sum with a value of the output's shape. */
  readonly epilogue?: readonly Activation['kind'][];
}

/**
 * One operator. To add an operator, add one object of this type to the list of its family file
 * (`src/ops/*.ts`); a fast kernel is optional and lives in `src/plan/lower/`.
 */
export interface Operator {
  readonly domain: '' | 'lutra' | 'com.microsoft';
  readonly name: string;
  /** Lowest and highest opset version whose meaning `infer` and `evaluate` implement. */
  readonly opset: readonly [min: number, max: number];
  readonly traits: OperatorTraits;
  /** Output types from input types; throws {@link LutraError} `INVALID_MODEL` or `UNSUPPORTED`. Never reads `value.data` of non-constant inputs. */
  infer(context: OperatorContext<InputInfo>): TensorType[];
  /**
   * Plain reference in TypeScript: fills `outputs`, preallocated with exactly the inferred types.
   * Used to fold constants, as the fallback kernel of the engine, and as the oracle in kernel tests.
   */
  evaluate(context: OperatorContext<TensorValue>, outputs: readonly TensorValue[]): void;
  /** Control flow: the nodes that planning puts in place of this one instead of calling `infer`; throws like it. */
  expand?(context: ExpandContext): Expansion;
}

/** Name used in messages: `conv1 (Conv)`. */
export function describeNode(node: Node): string {
  return `${node.name} (${node.domain ? `${node.domain}:` : ''}${node.op})`;
}

/** An error that names its node. */
export function nodeError(
  node: Node,
  code: 'INVALID_MODEL' | 'UNSUPPORTED',
  message: string,
  details: LutraErrorDetails = {},
): LutraError {
  return new LutraError(code, message, { node: describeNode(node), ...details });
}

/** Control flow that would become more nodes than are planned. */
export function unrollsTooFar(node: Node): LutraError {
  return nodeError(node, 'UNSUPPORTED', 'the loop unrolls to too many nodes');
}
