import { ACTIVATION } from './activation.js';
import { CAST } from './cast.js';
import { CONV } from './conv.js';
import { CREATE } from './create.js';
import { ELEMENTWISE } from './elementwise.js';
import { GATHER } from './gather.js';
import { LOOKUP_OPERATORS } from './lookup.js';
import { MATMUL } from './matmul.js';
import { NORMALISE } from './normalise.js';
import type { Operator } from './operator.js';
import { PAD } from './pad.js';
import { POOL } from './pool.js';
import { QUANTIZE } from './quantize.js';
import { REDUCE } from './reduce.js';
import { RESIZE } from './resize.js';
import { SHAPE } from './shape.js';

/** Every operator; several entries of one name cover different versions. */
export const OPERATORS: readonly Operator[] = [
  CONV,
  MATMUL,
  POOL,
  ELEMENTWISE,
  ACTIVATION,
  REDUCE,
  SHAPE,
  PAD,
  CREATE,
  CAST,
  GATHER,
  NORMALISE,
  RESIZE,
  QUANTIZE,
  LOOKUP_OPERATORS,
].flat();

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
