import type { Passes } from '../graph/passes/optimize.js';
import type { Operator } from '../ops/operator.js';
import { OperatorSet } from '../ops/operator-set.js';
import type { LATE_PLANNING } from './late-planning.js';
import type { LoweringRule } from './types.js';

/** What an entry point brings to run networks with: `CORE_RUNTIME`, `COMPLETE_RUNTIME`, or one of them extended. */
export interface Runtime {
  readonly operators: OperatorSet;
  /** Fast paths by `domain:op`; an operator without one runs its `evaluate`. */
  readonly rules: Readonly<Record<string, LoweringRule>>;
  readonly passes: Passes;
  /** Without it, networks are refused that cannot be planned for their declared shapes. */
  readonly late?: typeof LATE_PLANNING;
}

/** What a family of operators adds to a runtime. */
export interface RuntimeExtension {
  readonly operators?: readonly Operator[];
  readonly rules?: Runtime['rules'];
  readonly passes?: Partial<Passes>;
}

/** A runtime with more operators, rules and passes; passes go behind those that are there. */
export function extendRuntime(runtime: Runtime, { operators = [], rules, passes }: RuntimeExtension): Runtime {
  const { first, last, plan } = runtime.passes;
  const { list, refusal } = runtime.operators;
  return {
    ...runtime,
    operators: new OperatorSet([...list, ...operators], refusal),
    rules: { ...runtime.rules, ...rules },
    passes: {
      first: [...first, ...(passes?.first ?? [])],
      last: [...last, ...(passes?.last ?? [])],
      plan: [...plan, ...(passes?.plan ?? [])],
    },
  };
}
