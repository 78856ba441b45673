import { create } from '@bufbuild/protobuf';
import { type FunctionProto, FunctionProtoSchema } from 'onnx-buf';
import { encodeAttribute } from '../onnx/encode.js';
import type { FunctionBody } from './body-builder.js';
import { CODED_BODIES } from './coded/body.js';
import { LOOKUP_DOMAIN } from './domain.js';
import { INTEGER_BODIES } from './integer/body.js';

/** Bodies of the families that come with Lutra. */
export const FUNCTION_BODIES: readonly FunctionBody[] = [...CODED_BODIES, ...INTEGER_BODIES];

/**
 * The function bodies for the operators that a graph uses.
 *
 * @param operators names of operators of the `lutra` domain
 * @param opset default opset of the bodies, at least `BODY_OPSET`
 */
export function functionProtos(
  operators: ReadonlySet<string>,
  opset: number,
  bodies: readonly FunctionBody[],
): FunctionProto[] {
  return bodies
    .filter(({ spec }) => operators.has(spec.name))
    .map(({ spec: { name, inputs, output, required }, nodes }) =>
      create(FunctionProtoSchema, {
        name,
        domain: LOOKUP_DOMAIN,
        input: [...inputs],
        output: [output],
        attribute: [...required],
        attributeProto: [encodeAttribute(name, 'strides', [1, 1]), encodeAttribute(name, 'pads', [0, 0, 0, 0])],
        node: nodes(),
        opsetImport: [{ domain: '', version: BigInt(opset) }],
      }),
    );
}
