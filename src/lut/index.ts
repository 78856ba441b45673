/**
 * What it takes to add a family of lookup layers: entry point `lutra/family` (docs/decisions/014). A worker that runs one is a script of one
 * line: `serve(extendRuntime(COMPLETE_RUNTIME, family), inlineFunctions)`.
 */
export type { FamilyFit, FitPass, Replacement } from '../convert/family-fit.js';
export { inlineFunctions } from '../onnx/inline.js';
export { define } from '../ops/define.js';
export type { Operator, OperatorTraits } from '../ops/operator.js';
export { COMPLETE_RUNTIME } from '../plan/complete.js';
export { CORE_RUNTIME } from '../plan/core.js';
export { extendRuntime, type Runtime } from '../plan/runtime.js';
export type { LowerContext, LoweringRule } from '../plan/types.js';
export { serve } from '../session/serve.js';
export { type ActivationScale, quantizeActivation } from './activation.js';
export { FUNCTION_BODIES } from './bodies.js';
export { BodyBuilder, type FunctionBody } from './body-builder.js';
export { SUM_TRAITS } from './checks.js';
export { LOOKUP_DOMAIN, LOOKUP_OPSET } from './domain.js';
export { OPERATOR_FACTS } from './facts.js';
export type { Family, OperatorFacts } from './family.js';
export { INTEGER_RULES } from './integer/lower.js';
export { QUANTIZED_CONV } from './integer/spec.js';
export { quantizedInput } from './lower/planes.js';
export { inputsOf, inputValues, isNode, type OperatorSpec, ruleName, writeNode } from './operator.js';
export { quantizePerOutput } from './tables.js';
export type { Work } from './work.js';
