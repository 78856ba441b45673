import { gatherWindows, type Planes } from '../../../convert/gather.js';
import { type ActivationScale, quantizeActivation } from '../../activation.js';
import type { CodebookLayout } from './geometry.js';

/** Sub-vectors of every codebook at sampled code positions. @returns per codebook [positions, v] */
export function gatherPoints(input: Planes, layout: CodebookLayout, positions: Uint32Array): Float32Array[] {
  return gatherWindows(input, layout.encode, layout.geometry.channels, positions);
}

/** Activations as Encode multiplies them: q − zero point. */
export function quantizePoints(values: Float32Array, scale: ActivationScale): Float32Array {
  return values.map((x) => quantizeActivation(x, scale) - scale.zeroPoint);
}
