import type { FamilyFit } from '../convert/family-fit.js';
import type { Node } from '../graph/types.js';
import type { DimsOf } from '../ops/macs.js';
import type { Operator } from '../ops/operator.js';
import type { LoweringRule } from '../plan/types.js';
import type { FunctionBody } from './body-builder.js';
import type { FamilyTraining } from './family-training.js';
import type { OperatorSpec } from './operator.js';
import type { Work } from './work.js';

/** What reports, checks and benchmarks want to know of one operator of a family. */
export interface OperatorFacts {
  readonly spec: OperatorSpec;
  /** What the output holds: codes (uint8), or integer sums that the last two inputs, `scale` and `bias`, turn into floats. */
  readonly result: 'codes' | 'sums';
  /** Whether input 0 is quantized, so that all that follows is integers. */
  readonly quantizes: boolean;
  /** What one node computes in one run. */
  work(node: Node, dims: DimsOf): Partial<Work>;
}

/**
 * One family of lookup layers: everything that the rest of Lutra asks of it. Each stage is a file of its own, and an entry point imports
 * only the stages that it needs: gradients stay out of the worker that a page loads first (docs/decisions/014).
 */
export interface Family {
  /** Facts stage, one entry per operator. */
  readonly facts: readonly OperatorFacts[];
  /** Evaluate stage: shape inference and the reference in TypeScript. */
  readonly operators: readonly Operator[];
  /** Lower stage, by `lutra:Operator`. An operator without a rule runs its reference. */
  readonly rules: Readonly<Record<string, LoweringRule>>;
  /** Body stage: what any ONNX runtime executes. */
  readonly bodies: readonly FunctionBody[];
  /** Fit stage: how `convert` replaces a dense layer. It has the family's name. */
  readonly fit: FamilyFit;
  /** Train stage: how the layers learn. undefined: a network with such layers cannot be trained. */
  readonly training?: FamilyTraining;
}
