import type { NodeProto } from 'onnx-buf';
import { BodyBuilder, type FunctionBody, windowReferences } from '../body-builder.js';
import { QUANTIZED_CONV } from './spec.js';

function quantizedConvBody(): NodeProto[] {
  const body = new BodyBuilder();
  const { centred } = body.quantize();
  body.scaled(body.node('Conv', [centred, body.cast('W', 'float32')], windowReferences()));
  return body.nodes;
}

/** Function bodies of the integer family (docs/lookup-operators.md). */
export const INTEGER_BODIES: readonly FunctionBody[] = [{ spec: QUANTIZED_CONV, nodes: quantizedConvBody }];
