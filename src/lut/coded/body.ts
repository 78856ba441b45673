import type { NodeProto } from 'onnx-buf';
import { ATTRIBUTE_TYPES } from '../../onnx/attributes.js';
import { encodeAttribute } from '../../onnx/encode.js';
import { BodyBuilder, type FunctionBody, reference, windowReferences } from '../body-builder.js';
import { TREE_DEPTH } from '../limits.js';
import { ENCODE, ENCODE_TREE, LOOK_UP } from './spec.js';

const groupedWindow = () => [...windowReferences(), reference('group', 'group', ATTRIBUTE_TYPES.int)];

function encodeBody(): NodeProto[] {
  const body = new BodyBuilder();
  const { centred } = body.quantize();
  const scores = body.node('Conv', [centred, body.cast('Q', 'float32'), body.cast('b', 'float32')], groupedWindow());
  const perCodebook = body.splitChannels(scores, body.reshape(body.intAttribute('K'), body.ints(1)));
  // ArgMax takes the first of equals.
  const attributes = [encodeAttribute('ArgMax', 'axis', 2), encodeAttribute('ArgMax', 'keepdims', 0)];
  body.cast(body.node('ArgMax', [perCodebook], attributes), 'uint8', 'codes');
  return body.nodes;
}

/**
 * The compared values come out of a grouped convolution whose weight is 1 at the feature's position; at each step the threshold
 * of the node reached so far is picked by a one-hot product.
 */
function encodeTreeBody(): NodeProto[] {
  const body = new BodyBuilder();
  const { centred, zeroPoint } = body.quantize();
  const group = body.reshape(body.intAttribute('group'), body.ints(1));
  const kernel = body.intsAttribute('kernel_shape');
  const channels = body.node('Div', [body.slice(body.node('Shape', ['x']), 1, 2), group]);
  const area = body.node('Mul', [body.slice(kernel, 0, 1), body.slice(kernel, 1, 2)]);
  const depth = body.reshape(body.node('Mul', [channels, area]), body.ints());
  // [B, 4, g·kh·kw] → [B·4, g, kh, kw]
  const weight = body.reshape(
    body.oneHot(body.cast('features', 'int64'), depth, 2),
    body.concat(body.ints(-1), channels, kernel),
  );
  const picked = body.node('Conv', [centred, weight], groupedWindow());
  // [N, B, 4, Ho, Wo]
  const values = body.splitChannels(body.node('Add', [picked, zeroPoint]), body.ints(TREE_DEPTH));
  const thresholds = body.cast('thresholds', 'float32');
  let code = '';
  for (let depth = 0; depth < TREE_DEPTH; depth++) {
    const value = body.node('Gather', [values, body.int(depth)], [encodeAttribute('Gather', 'axis', 2)]);
    const first = 2 ** depth - 1;
    const here = body.node('Slice', [thresholds, body.ints(first), body.ints(2 * first + 1), body.ints(1)]);
    const nodeThresholds = body.reshape(here, body.ints(1, -1, 2 ** depth, 1, 1));
    if (depth === 0) {
      const root = body.reshape(here, body.ints(1, -1, 1, 1));
      code = body.cast(body.node('Greater', [value, root]), 'int64');
      continue;
    }
    const chosen = body.node('Mul', [body.oneHot(code, body.int(2 ** depth), 2), nodeThresholds]);
    const threshold = body.node('ReduceSum', [chosen, body.ints(2)], [encodeAttribute('ReduceSum', 'keepdims', 0)]);
    const right = body.cast(body.node('Greater', [value, threshold]), 'int64');
    code = body.node('Add', [body.node('Mul', [code, body.int(2)]), right]);
  }
  body.cast(code, 'uint8', 'codes');
  return body.nodes;
}

/** A convolution of the one-hot codes whose weight is the table: outside the image the one-hot vector is all zeros. */
function lookUpBody(): NodeProto[] {
  const body = new BodyBuilder();
  const oneHot = body.oneHot(body.cast('codes', 'int64'), body.intAttribute('K'), 2);
  const shape = body.node('Shape', ['codes']);
  const planes = body.reshape(oneHot, body.concat(body.slice(shape, 0, 1), body.ints(-1), body.slice(shape, 2, 4)));
  body.scaled(body.node('Conv', [planes, body.cast('table', 'float32')], windowReferences(['strides', 'pads'])));
  return body.nodes;
}

/** Function bodies of the coded family (docs/lookup-operators.md). */
export const CODED_BODIES: readonly FunctionBody[] = [
  { spec: ENCODE, nodes: encodeBody },
  { spec: ENCODE_TREE, nodes: encodeTreeBody },
  { spec: LOOK_UP, nodes: lookUpBody },
];
