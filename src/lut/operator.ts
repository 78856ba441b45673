import type { Node, TensorValue } from '../graph/types.js';
import { type Elements, type EvaluateContext, input } from '../ops/define.js';
import { LOOKUP_DOMAIN } from './domain.js';

/** What an operator of the `lutra` domain is called, in files and in code. Its inputs are read by name, never by index. */
export interface OperatorSpec<Input extends string = string> {
  readonly name: string;
  /** Names of the inputs, in order. */
  readonly inputs: readonly Input[];
  /** Name of the output. */
  readonly output: string;
  /** Attributes that every node states. `strides` and `pads` have defaults: 1 and 0. */
  readonly required: readonly string[];
}

/** Whether the node is of this operator. */
export function isNode({ name }: Pick<OperatorSpec, 'name'>, node: Node): boolean {
  return node.domain === LOOKUP_DOMAIN && node.op === name;
}

/** Key of the operator in a record of lowering rules. */
export function ruleName({ name }: Pick<OperatorSpec, 'name'>): string {
  return `${LOOKUP_DOMAIN}:${name}`;
}

/** Names of the values that a node reads, by the names of its operator's inputs; `''` where the node has too few. */
export function inputsOf<Input extends string>(spec: OperatorSpec<Input>, node: Node): Readonly<Record<Input, string>> {
  return Object.fromEntries(spec.inputs.map((name, i) => [name, node.inputs[i] ?? ''])) as Record<Input, string>;
}

/** Elements of the inputs of a node that is evaluated, by the names of its operator's inputs. */
export function inputValues<Input extends string>(
  spec: OperatorSpec<Input>,
  context: EvaluateContext,
): Readonly<Record<Input, Elements>> {
  return Object.fromEntries(spec.inputs.map((name, i) => [name, input(context, i)])) as Record<Input, Elements>;
}

/**
 * Writes a node whose inputs after the first are constants: `NODE.INPUT` in `initializers`.
 *
 * @param constants one per input after the first
 */
export function writeNode<Input extends string>(
  spec: OperatorSpec<Input>,
  name: string,
  source: string,
  constants: Readonly<Record<Exclude<Input, 'x' | 'codes'>, TensorValue>>,
  output: string,
  attributes: Node['attributes'],
  initializers: Map<string, TensorValue>,
): Node {
  const [, ...suffixes] = spec.inputs;
  for (const suffix of suffixes) initializers.set(`${name}.${suffix}`, constants[suffix as keyof typeof constants]);
  return {
    name,
    op: spec.name,
    domain: LOOKUP_DOMAIN,
    inputs: [source, ...suffixes.map((suffix) => `${name}.${suffix}`)],
    outputs: [output],
    attributes,
  };
}
