import { create } from '@bufbuild/protobuf';
import { type AttributeProto, AttributeProtoSchema, type NodeProto, NodeProtoSchema } from 'onnx-buf';
import { ATTRIBUTE_TYPES } from '../onnx/attributes.js';
import { encodeAttribute } from '../onnx/encode.js';
import { ELEMENT_TYPES } from '../onnx/tensor.js';
import { MAX_ACTIVATION } from './limits.js';
import type { OperatorSpec } from './operator.js';

/** The body of one operator as an ONNX function: standard operators that compute the same. */
export interface FunctionBody {
  readonly spec: OperatorSpec;
  nodes(): NodeProto[];
}

/** Writes the nodes of a function body: every method adds nodes and returns the name of the result. */
export class BodyBuilder {
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

  /** a = q − x_zero_point as floats that hold integers, [N, C, H, W]; NaN becomes q = 0. Returns the zero point as a float too. */
  quantize(): { centred: string; zeroPoint: string } {
    const zeroPoint = this.cast('x_zero_point', 'float32');
    const rounded = this.node('Round', [this.node('Div', ['x', 'x_scale'])]);
    const clamped = this.node('Clip', [
      this.node('Add', [rounded, zeroPoint]),
      this.float(0),
      this.float(MAX_ACTIVATION),
    ]);
    const q = this.node('Where', [this.node('IsNaN', ['x']), this.float(0), clamped]);
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

/** An attribute whose value is an attribute of the call. */
export function reference(name: string, refAttrName: string, type: number): AttributeProto {
  return create(AttributeProtoSchema, { name, refAttrName, type });
}

const WINDOW = ['kernel_shape', 'strides', 'pads'] as const;
/** The attributes of the call that describe its window. */
export const windowReferences = (names: readonly (typeof WINDOW)[number][] = WINDOW) =>
  names.map((name) => reference(name, name, ATTRIBUTE_TYPES.ints));
