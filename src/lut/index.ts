/** What it takes to add a family of lookup layers: entry point `lutra/family` (docs/decisions/014). */
export { define } from '../ops/define.js';
export type { Operator, OperatorTraits } from '../ops/operator.js';
export type { LowerContext, LoweringRule } from '../plan/types.js';
export { type ActivationScale, quantizeActivation } from './activation.js';
export { BodyBuilder, type FunctionBody } from './body-builder.js';
export { SUM_TRAITS } from './checks.js';
export { LOOKUP_DOMAIN, LOOKUP_OPSET } from './domain.js';
export type { Family, OperatorFacts } from './family.js';
export { INTEGER_RULES } from './integer/lower.js';
export { QUANTIZED_CONV } from './integer/spec.js';
export { quantizedInput } from './lower/planes.js';
export { inputsOf, inputValues, isNode, type OperatorSpec, ruleName, writeNode } from './operator.js';
export type { Work } from './work.js';
