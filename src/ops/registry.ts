import type { Operator } from './operator.js';

const FAMILIES: readonly (readonly Operator[])[] = [];

/** Every operator; several entries of one name cover different versions. */
export const OPERATORS: readonly Operator[] = FAMILIES.flat();

const byName = new Map<string, Operator[]>();
for (const operator of OPERATORS) {
  const key = `${operator.domain}:${operator.name}`;
  byName.set(key, [...(byName.get(key) ?? []), operator]);
}

/** The entry that implements `op` as version `opset` of `domain` means it, or undefined. */
export function findOperator(domain: string, op: string, opset: number): Operator | undefined {
  const entries = byName.get(`${domain === 'ai.onnx' ? '' : domain}:${op}`);
  return entries?.find(({ opset: [min, max] }) => min <= opset && opset <= max);
}
