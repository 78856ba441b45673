/** Conversion of dense networks into lookup networks without training: entry point `lutra/convert`. */
export { LutraError, type LutraErrorCode } from '../errors.js';
export type { Graph, Node, TensorValue, ValueInfo } from '../graph/types.js';
export type { ActivationScale } from '../lut/activation.js';
export type { EncoderKind } from '../lut/coded/fit/codebooks.js';
export type { Geometry, GeometryKind } from '../lut/coded/fit/geometry.js';
export type { Pads, Pair, Window } from '../lut/window.js';
export { parseModel } from '../onnx/parse.js';
export { serializeModel } from '../onnx/serialize.js';
export { convert } from './convert.js';
export type { DenseLayer } from './dense-layers.js';
export type { FamilyFit, FitLayer, FitPass, FittedCost, FormEstimate, LayerSample, Replacement } from './family-fit.js';
export type { PlaneData, Planes } from './gather.js';
export type { LivePlanes } from './live-planes.js';
export type { Progress as Checkpoint } from './progress.js';
export type { LiveValues } from './segment.js';
export type { InputSize } from './sizes.js';
export type { Targets } from './targets.js';
export type * from './types.js';
