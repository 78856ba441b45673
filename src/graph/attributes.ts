import type { Node } from './types.js';

/** A number attribute, or `fallback` when it is absent or of another kind. */
export function numberAttribute(node: Node, name: string, fallback: number): number {
  const value = node.attributes[name];
  return typeof value === 'number' ? value : fallback;
}

/** A list of numbers, or undefined when it is absent or of another kind. */
export function numbersAttribute(node: Node, name: string): readonly number[] | undefined {
  const value = node.attributes[name];
  return Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : undefined;
}

/** Whether the node is one of these operators of the standard domain. */
export function isOperator(node: Node, ...names: readonly string[]): boolean {
  return node.domain === '' && names.includes(node.op);
}
