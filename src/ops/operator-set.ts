import type { LutraError } from '../errors.js';
import type { Graph, Node } from '../graph/types.js';
import type { Operator } from './operator.js';

/** The operators that an entry point brings. It never changes. */
export class OperatorSet {
  /** By `domain:name`; several entries of one name cover different versions. */
  readonly #entries = new Map<string, Operator[]>();

  /** @param refusal the error for a node whose operator {@link find} does not find; it says what would run instead */
  constructor(
    readonly list: readonly Operator[],
    readonly refusal?: (node: Node, opset: Graph['opset'], operators: readonly Operator[]) => LutraError,
  ) {
    for (const operator of list) {
      const key = `${operator.domain}:${operator.name}`;
      const entries = this.#entries.get(key);
      if (entries) entries.push(operator);
      else this.#entries.set(key, [operator]);
    }
  }

  /** The entry that implements `op` as version `opset` of `domain` means it. */
  find(domain: string, op: string, opset: number): Operator | undefined {
    const entries = this.#entries.get(`${domain === 'ai.onnx' ? '' : domain}:${op}`);
    return entries?.find(({ opset: [min, max] }) => min <= opset && opset <= max);
  }

  /** The operator of a node in a graph that imports these versions. */
  of({ domain, op }: Node, opset: Graph['opset']): Operator | undefined {
    return this.find(domain, op, opset[domain] ?? 1);
  }
}
