import type { Operator } from './operator.js';

/** Entries by `domain:name`; several entries of one name cover different versions. */
const registered = new Map<string, Operator[]>();

/**
 * Makes operators known on this thread. Whoever enters the library decides which: `CORE_OPERATORS` keep a page's download small,
 * `OPERATORS` are all. Registering an operator again changes nothing.
 */
export function registerOperators(operators: readonly Operator[]): void {
  for (const operator of operators) {
    const key = `${operator.domain}:${operator.name}`;
    const entries = registered.get(key);
    if (!entries) registered.set(key, [operator]);
    else if (!entries.includes(operator)) entries.push(operator);
  }
}

/** The registered entry that implements `op` as version `opset` of `domain` means it, or undefined. */
export function findOperator(domain: string, op: string, opset: number): Operator | undefined {
  const entries = registered.get(`${domain === 'ai.onnx' ? '' : domain}:${op}`);
  return entries?.find(({ opset: [min, max] }) => min <= opset && opset <= max);
}

/** What would run instead of an operator that does not, by `domain:name`. */
const alternatives = new Map<string, string>();

export function registerAlternatives(hints: ReadonlyMap<string, string>): void {
  for (const [name, hint] of hints) alternatives.set(name, hint);
}

/** The closest that would work to an operator that {@link findOperator} does not find: other versions of it, or what is registered. */
export function alternativeTo(domain: string, op: string): string | undefined {
  const versions = registered.get(`${domain}:${op}`)?.map(({ opset: [min, max] }) => `${min} to ${max}`);
  if (versions) return `Versions ${versions.join(', ')} run: use onnx.version_converter`;
  return alternatives.get(`${domain}:${op}`) ?? (registered.has(`:${op}`) ? `The standard ${op} runs` : undefined);
}
