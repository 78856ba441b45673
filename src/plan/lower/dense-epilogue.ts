import type { Activation, Node } from '../../graph/types.js';
import { ACTIVATION, type FLOAT_EPILOGUE, FUNCTION } from '../../kernels/dense.js';
import COEFFICIENTS from '../../kernels/gen/coefficients.js';
import type { FieldValues } from '../../kernels/list.js';
import { align, CACHE_LINE } from '../memory.js';
import type { Address, LowerContext } from '../types.js';

/** The parameter fields that an activation sets. Gelu is known to integer epilogues only. */
export function activationParams(activation: Activation | undefined): Record<'activation' | 'low' | 'high', number> {
  switch (activation?.kind) {
    case undefined:
      return { activation: ACTIVATION.none, low: 0, high: 0 };
    case 'Relu':
      return { activation: ACTIVATION.clamp, low: 0, high: Infinity };
    case 'Clip':
      return { activation: ACTIVATION.clamp, low: activation.min, high: activation.max };
    case 'LeakyRelu':
      return { activation: ACTIVATION.leakyRelu, low: activation.alpha, high: 0 };
    case 'HardSwish':
      return { activation: ACTIVATION.hardSwish, low: 0, high: 0 };
    case 'Gelu':
      return { activation: FUNCTION.gelu, low: 0, high: 0 };
  }
}

const NO_PLANES = {
  planes: 0,
  planesScale: 1,
  planesZeroPoint: 0,
  planesPitch: 0,
  planesStride: 0,
  planesTop: 0,
  planesLeft: 0,
};

export type EpilogueParams = FieldValues<typeof FLOAT_EPILOGUE, Address>;

/**
 * The epilogue fields of a kernel that computes the first output of `node`. With `quantize` the kernel stores whole image planes,
 * and may write the quantized planes that a following Encode wants; the dense tensor is then stored only if someone reads it.
 */
export function epilogueParams(
  context: LowerContext,
  node: Node,
  bias: Address | 0,
  quantize: boolean,
): EpilogueParams {
  const value = node.outputs[0]!;
  const { dense, quantized } = context.demand(value);
  const residual = node.epilogue?.residual;
  const params = {
    ...activationParams(node.epilogue?.activation),
    bias,
    residual: residual === undefined ? 0 : context.dense(residual),
  };
  const [planes, ...others] = quantized;
  if (!quantize || !planes) return { ...params, ...NO_PLANES, output: context.dense(value) };
  context.markQuantized(planes);
  return {
    ...params,
    output: dense || others.length > 0 ? context.dense(value) : 0,
    planes: { buffer: planes.buffer, byteOffset: 0 },
    planesScale: planes.scale,
    planesZeroPoint: planes.zeroPoint,
    planesPitch: planes.pitch,
    planesStride: planes.plane,
    planesTop: planes.pads[0],
    planesLeft: planes.pads[1],
  };
}

/** True when every named value is float32 and not empty. Names may be '' (omitted). */
export function allFloat(context: LowerContext, names: readonly (string | undefined)[]): boolean {
  return names.every((name) => {
    if (!name) return true;
    const { type, dims } = context.type(name);
    return type === 'float32' && dims.every((dim) => dim > 0);
  });
}

/** Scratch fields of a kernel: the stride is what {@link LowerContext.scratch} lays out. */
export function scratchParams(context: LowerContext, bytes: number) {
  return { scratch: context.scratch(bytes), scratchStride: align(bytes, CACHE_LINE) };
}

/** The constants that kernels of transcendental functions read. */
export function coefficients(context: LowerContext): Address {
  return context.packed('coefficients', `coefficients [${COEFFICIENTS.length}] f32`, () =>
    Float32Array.from(COEFFICIENTS),
  );
}
