import { elementCount, toNumbers } from '../../graph/tensor.js';
import type { Node } from '../../graph/types.js';
import type { LowerContext, QuantizedPlanes } from '../../plan/types.js';

/** Values per tile of the quantize kernel where rows have no borders between them. */
const QUANTIZE_CHUNK = 4096;

/**
 * The planes that an operator with the trait `readsPlanes` reads. They are quantized here unless their producer stored them. undefined: an
 * input that must be constant is not, or there is nothing to compute.
 */
export function quantizedInput(context: LowerContext, node: Node): QuantizedPlanes | undefined {
  const [x = '', scaleName = '', zeroName = ''] = node.inputs;
  const constants = node.inputs.slice(1).map((name) => context.constant(name));
  if (constants.some((value) => !value) || context.constant(x)) return undefined;
  if ([...context.type(x).dims, ...context.type(node.outputs[0]!).dims].includes(0)) return undefined;
  const scale = toNumbers(context.constant(scaleName)!)[0]!;
  const zero = toNumbers(context.constant(zeroName)!)[0]!;
  const planes = context.demand(x).quantized.find((wanted) => wanted.scale === scale && wanted.zeroPoint === zero);
  if (planes && !context.isQuantized(planes)) quantize(context, node, x, planes);
  return planes;
}

function quantize(context: LowerContext, node: Node, x: string, planes: QuantizedPlanes): void {
  const [, , height, width] = planes.dims;
  const total = elementCount(planes.dims);
  const [top, left] = planes.pads;
  const bordered = planes.plane !== height * width;
  context.emit(
    node,
    'quantize',
    {
      input: context.dense(x),
      output: { buffer: planes.buffer, byteOffset: top * planes.pitch + left },
      total,
      width: bordered ? width : QUANTIZE_CHUNK,
      planeRows: bordered ? height : 1,
      plane: bordered ? planes.plane : QUANTIZE_CHUNK,
      pitch: planes.pitch,
      scale: planes.scale,
      zero: planes.zeroPoint,
    },
    Math.ceil(total / (bordered ? width : QUANTIZE_CHUNK)),
  );
  context.markQuantized(planes);
}
