import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from 'onnx-buf';
import { ATTRIBUTE_TYPES } from '../onnx/attributes.js';
import { encodeAttribute } from '../onnx/encode.js';
import { ELEMENT_TYPES } from '../onnx/tensor.js';
import { LOOKUP_DOMAIN } from './domain.js';
import { MAX_ACTIVATION, TREE_DEPTH } from './limits.js';

/** Lowest default opset in which the bodies are valid: ReduceSum takes its axes as an input from 13 on. */
export const BODY_OPSET = 13;

/** Writes the nodes of a function body: every method adds nodes and returns the name of the result. */
class BodyBuilder {
  readonly nodes: NodeProto[] = [];

  node(opType: string, input: string[], attribute: AttributeProto[] = [], output = `t${this.nodes.length}`): string {
    this.nodes.push(create(NodeProtoSchema, { opType, input, output: [output], attribute }));
    return output;
  }

  float(value: number): string {
    return this.node('Constant', [], [encodeAttribute('Constant', 'value_float', value)]);
  }

  ints(...values: number[]): string {
    return this.node('Constant', [], [encodeAttribute('Constant', 'value_ints', values)]);
  }

  int(value: number): string {
    return this.node('Constant', [], [encodeAttribute('Constant', 'value_int', value)]);
  }

  /** int64 scalar: an integer attribute of the call. */
  intAttribute(name: string): string {
    return this.node('Constant', [], [reference('value_int', name, ATTRIBUTE_TYPES.int)]);
  }

  /** int64 vector: a list attribute of the call. */
  intsAttribute(name: string): string {
    return this.node('Constant', [], [reference('value_ints', name, ATTRIBUTE_TYPES.ints)]);
  }

  cast(x: string, type: 'float32' | 'int64' | 'uint8', output?: string): string {
    return this.node('Cast', [x], [encodeAttribute('Cast', 'to', ELEMENT_TYPES[type])], output);
  }

  /** Elements begin..end of a vector, as a vector. */
  slice(vector: string, begin: number, end: number): string {
    return this.node('Slice', [vector, this.ints(begin), this.ints(end)]);
  }

  concat(...vectors: string[]): string {
    return this.node('Concat', vectors, [encodeAttribute('Concat', 'axis', 0)]);
  }

  reshape(x: string, shape: string): string {
    return this.node('Reshape', [x, shape]);
  }

  /** float 0 or 1 in a new axis 2 of `depth` places: [N, B, ...] → [N, B, depth, ...]. `depth` is an int64 scalar. */
  oneHot(codes: string, depth: string, axis: number): string {
    const values = this.node('Constant', [], [encodeAttribute('Constant', 'value_floats', [0, 1])]);
    return this.node('OneHot', [codes, depth, values], [encodeAttribute('OneHot', 'axis', axis)]);
  }

  /** a = q − x_zero_point as floats that hold integers, [N, C, H, W]; NaN gives q = 0. Returns the zero point as a float too. */
  quantize(): { centred: string; zeroPoint: string } {
    const zeroPoint = this.cast('x_zero_point', 'float32');
    const rounded = this.node('Round', [this.node('Div', ['x', 'x_scale'])]);
    const level = this.node('Clip', [
      this.node('Add', [rounded, zeroPoint]),
      this.float(0),
      this.float(MAX_ACTIVATION),
    ]);
    const q = this.node('Where', [this.node('IsNaN', ['x']), this.float(0), level]);
    return { centred: this.node('Sub', [q, zeroPoint]), zeroPoint };
  }

  /** y = sums · scale + bias, both per channel. */
  scaled(sums: string): void {
    const perChannel = (vector: string) => this.reshape(vector, this.ints(-1, 1, 1));
    this.node('Add', [this.node('Mul', [sums, perChannel('scale')]), perChannel('bias')], [], 'y');
  }

  /** [N, B·depth, H, W] → [N, B, depth, H, W]; `depth` is an int64 vector of one element. */
  splitChannels(x: string, depth: string): string {
    const shape = this.node('Shape', [x]);
    return this.reshape(x, this.concat(this.slice(shape, 0, 1), this.ints(-1), depth, this.slice(shape, 2, 4)));
  }
}

function reference(name: string, refAttrName: string, type: number): AttributeProto {
  return create(AttributeProtoSchema, { name, refAttrName, type });
}

const WINDOW = ['kernel_shape', 'strides', 'pads'] as const;
const windowReferences = (...names: (typeof WINDOW)[number][]) =>
  names.map((name) => reference(name, name, ATTRIBUTE_TYPES.ints));

function encodeBody(): NodeProto[] {
  const body = new BodyBuilder();
  const { centred } = body.quantize();
  const scores = body.node(
    'Conv',
    [centred, body.cast('Q', 'float32'), body.cast('b', 'float32')],
    [...windowReferences(...WINDOW), reference('group', 'group', ATTRIBUTE_TYPES.int)],
  );
  const perCodebook = body.splitChannels(scores, body.reshape(body.intAttribute('K'), body.ints(1)));
  body.cast(argMax(body, perCodebook), 'uint8', 'codes');
  return body.nodes;
}

/** Over axis 2; ArgMax takes the first of equals. */
function argMax(body: BodyBuilder, scores: string): string {
  return body.node(
    'ArgMax',
    [scores],
    [encodeAttribute('ArgMax', 'axis', 2), encodeAttribute('ArgMax', 'keepdims', 0)],
  );
}

/**
 * The compared values come out of a grouped convolution whose weight is 1 at the feature's position; at each level the threshold
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
  const picked = body.node(
    'Conv',
    [centred, weight],
    [...windowReferences(...WINDOW), reference('group', 'group', ATTRIBUTE_TYPES.int)],
  );
  // [N, B, 4, Ho, Wo]
  const values = body.splitChannels(body.node('Add', [picked, zeroPoint]), body.ints(TREE_DEPTH));
  const thresholds = body.cast('thresholds', 'float32');
  let code = '';
  for (let level = 0; level < TREE_DEPTH; level++) {
    const value = body.node('Gather', [values, body.int(level)], [encodeAttribute('Gather', 'axis', 2)]);
    const first = 2 ** level - 1;
    const here = body.node('Slice', [thresholds, body.ints(first), body.ints(2 * first + 1), body.ints(1)]);
    const levelThresholds = body.reshape(here, body.ints(1, -1, 2 ** level, 1, 1));
    if (level === 0) {
      const root = body.reshape(here, body.ints(1, -1, 1, 1));
      code = body.cast(body.node('Greater', [value, root]), 'int64');
      continue;
    }
    const chosen = body.node('Mul', [body.oneHot(code, body.int(2 ** level), 2), levelThresholds]);
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
  body.scaled(body.node('Conv', [planes, body.cast('table', 'float32')], windowReferences('strides', 'pads')));
  return body.nodes;
}

function quantizedConvBody(): NodeProto[] {
  const body = new BodyBuilder();
  const { centred } = body.quantize();
  body.scaled(body.node('Conv', [centred, body.cast('W', 'float32')], windowReferences(...WINDOW)));
  return body.nodes;
}

interface Definition {
  readonly input: string[];
  readonly output: string[];
  /** Attributes without default. */
  readonly attribute: string[];
  readonly nodes: () => NodeProto[];
}

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  Encode: {
    input: ['x', 'x_scale', 'x_zero_point', 'Q', 'b'],
    output: ['codes'],
    attribute: ['K', 'kernel_shape', 'group'],
    nodes: encodeBody,
  },
  EncodeTree: {
    input: ['x', 'x_scale', 'x_zero_point', 'features', 'thresholds'],
    output: ['codes'],
    attribute: ['K', 'kernel_shape', 'group'],
    nodes: encodeTreeBody,
  },
  LookUp: {
    input: ['codes', 'table', 'scale', 'bias'],
    output: ['y'],
    attribute: ['K', 'kernel_shape'],
    nodes: lookUpBody,
  },
  QuantizedConv: {
    input: ['x', 'x_scale', 'x_zero_point', 'W', 'scale', 'bias'],
    output: ['y'],
    attribute: ['kernel_shape'],
    nodes: quantizedConvBody,
  },
};

/**
 * The function bodies of docs/lookup-operators.md for the operators that a graph uses.
 *
 * @param operators names of operators of the `lutra` domain
 * @param opset default opset of the bodies, at least {@link BODY_OPSET}
 */
export function functionBodies(operators: ReadonlySet<string>, opset: number): FunctionProto[] {
  return Object.entries(DEFINITIONS)
    .filter(([name]) => operators.has(name))
    .map(([name, { input, output, attribute, nodes }]) =>
      create(FunctionProtoSchema, {
        name,
        domain: LOOKUP_DOMAIN,
        input,
        output,
        attribute,
        attributeProto: [encodeAttribute(name, 'strides', [1, 1]), encodeAttribute(name, 'pads', [0, 0, 0, 0])],
        node: nodes(),
        opsetImport: [{ domain: '', version: BigInt(opset) }],
      }),
    );
}
