import type { FamilyFit } from '../convert/family-fit.js';
import type { Node } from '../graph/types.js';
import type { Operator } from '../ops/operator.js';
import type { LoweringRule } from '../plan/types.js';
import type { FunctionBody } from './body.js';
import type { OperatorSpec } from './operator.js';

/** What one node computes, for one run. */
export interface Work {
  /** Multiply-adds. */
  readonly macs: number;
  /** 8-bit multiply-adds of a search for codes. */
  readonly searchMacs: number;
  /** Table entries added. */
  readonly lookups: number;
  /** Bytes of its tables. */
  readonly tableBytes: number;
}

/** Dimensions of a value; `[]` where they are not known. */
export type DimsOf = (value: string) => readonly number[];

/** One operator of a family, as everything but the engine sees it. */
export interface FamilyOperator {
  readonly spec: OperatorSpec;
  /** What the output holds: codes (uint8), or sums of integers that the last two inputs, `scale` and `bias`, turn into floats. */
  readonly result: 'codes' | 'sums';
  work(node: Node, dims: DimsOf): Partial<Work>;
  /** The function body that any ONNX runtime executes. */
  readonly body: FunctionBody;
}

/**
 * One family of lookup layers: everything that the rest of Lutra asks of it. Each stage is a file of its own, and an entry point imports
 * only the stages that it needs, so that gradients stay out of the worker that a page loads (docs/decisions/014).
 */
export interface Family {
  /** As in options and reports: `coded`, `integer`. */
  readonly name: string;
  readonly operators: readonly FamilyOperator[];
  /** Evaluate stage: shape inference and the reference in TypeScript. */
  readonly evaluate: readonly Operator[];
  /** Lower stage, by operator name; an operator without a rule runs its reference. */
  readonly rules: Readonly<Record<string, LoweringRule>>;
  /** Fit stage: how `convert` replaces a dense layer. */
  readonly fit: FamilyFit;
}
