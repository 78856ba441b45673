import type { Node } from '../graph/types.js';
import type { DimsOf } from '../ops/macs.js';
import type { Operator } from '../ops/operator.js';
import type { LoweringRule } from '../plan/types.js';
import type { FunctionBody } from './body-builder.js';
import type { OperatorSpec } from './operator.js';
import type { Work } from './work.js';

/** One operator of a family, as reports, checks and benchmarks see it. */
export interface FamilyOperator {
  readonly spec: OperatorSpec;
  /** What the output holds: codes (uint8), or integer sums that the last two inputs, `scale` and `bias`, turn into floats. */
  readonly result: 'codes' | 'sums';
  /** Whether input 0 is quantized, so that all that follows is integers. */
  readonly quantizes: boolean;
  work(node: Node, dims: DimsOf): Partial<Work>;
}

/**
 * One family of lookup layers: everything that the rest of Lutra asks of it. Each stage is a file of its own, and an entry point imports
 * only the stages that it needs: gradients stay out of the worker that a page loads first (docs/decisions/014).
 */
export interface Family {
  /** In options and reports. */
  readonly name: string;
  readonly operators: readonly FamilyOperator[];
  /** Evaluate stage: shape inference and the reference in TypeScript. */
  readonly evaluate: readonly Operator[];
  /** Lower stage, by `lutra:Operator`; an operator without a rule runs its reference. */
  readonly rules: Readonly<Record<string, LoweringRule>>;
  /** Body stage: what any ONNX runtime executes. */
  readonly bodies: readonly FunctionBody[];
}
