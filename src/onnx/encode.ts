import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { LutraError } from '../errors.js';
import { isGraph } from '../graph/topology.js';
import type { Attribute, Graph, Node, TensorValue, ValueInfo } from '../graph/types.js';
import { ATTRIBUTE_TYPES } from './attributes.js';
import { ELEMENT_TYPES } from './tensor.js';

/** Attributes that ONNX declares as FLOAT or FLOATS: a whole number in one of them must still be written as a float. */
const FLOAT_ATTRIBUTES = new Set([
  ...['activation_alpha', 'activation_beta', 'activation_params', 'alpha', 'beta', 'bias', 'clip', 'cubic_coeff_a'],
  ...['epsilon', 'extrapolation_value', 'gamma', 'high', 'lambd', 'low', 'mask_filter_value', 'max', 'mean', 'min'],
  ...['momentum', 'ratio', 'scale', 'scales', 'softcap', 'spatial_scale', 'value', 'value_float', 'value_floats'],
]);
/** Operators whose `seed` is a float; Dropout's is an integer. */
const FLOAT_SEED = /^(Random|Bernoulli|Multinomial)/;

function isFloatAttribute(op: string, name: string): boolean {
  return FLOAT_ATTRIBUTES.has(name) || (name === 'seed' && FLOAT_SEED.test(op));
}

const toBytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

/** An attribute of `op` as ONNX types it. */
export function encodeAttribute(op: string, name: string, value: Attribute): AttributeProto {
  const types = ATTRIBUTE_TYPES;
  const attribute = create(AttributeProtoSchema, { name });
  if (typeof value === 'string') {
    attribute.type = types.string;
    attribute.s = toBytes(value);
  } else if (typeof value === 'number') {
    if (Number.isInteger(value) && !isFloatAttribute(op, name)) {
      attribute.type = types.int;
      attribute.i = BigInt(value);
    } else {
      attribute.type = types.float;
      attribute.f = value;
    }
  } else if ('data' in value) {
    attribute.type = types.tensor;
    attribute.t = encodeTensor('', value);
  } else if (isGraph(value)) {
    attribute.type = types.graph;
    attribute.g = encodeGraph(value);
  } else if (value.some((item) => typeof item === 'string')) {
    attribute.type = types.strings;
    attribute.strings = value.map((item) => toBytes(String(item)));
  } else {
    const numbers = value.map(Number);
    if (numbers.every(Number.isInteger) && !isFloatAttribute(op, name)) {
      attribute.type = types.ints;
      attribute.ints = numbers.map(BigInt);
    } else {
      attribute.type = types.floats;
      attribute.floats = numbers;
    }
  }
  return attribute;
}

/** Numbers are stored as raw_data, little-endian as every platform with WebAssembly is. */
function encodeTensor(name: string, value: TensorValue): TensorProto {
  const tensor = create(TensorProtoSchema, { name, dataType: ELEMENT_TYPES[value.type], dims: value.dims.map(BigInt) });
  if (Array.isArray(value.data)) {
    tensor.stringData = value.data.map(toBytes);
  } else {
    const { buffer, byteOffset, byteLength } = value.data;
    tensor.rawData = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  }
  return tensor;
}

function encodeValueInfo({ name, type, dims }: ValueInfo): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: ELEMENT_TYPES[type],
          ...(dims && { shape: { dim: dims.map((dim) => ({ value: encodeDim(dim) })) } }),
        },
      },
    },
  });
}

function encodeDim(dim: number | string) {
  if (typeof dim === 'number') return { case: 'dimValue' as const, value: BigInt(dim) };
  return dim === '' ? { case: undefined } : { case: 'dimParam' as const, value: dim };
}

/** @throws LutraError `INVALID_ARGUMENT` when a node carries an epilogue, which ONNX has no place for */
export function encodeGraph(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map(encodeNode),
    initializer: Array.from(graph.initializers, ([name, value]) => encodeTensor(name, value)),
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
  });
}

function encodeNode(node: Node) {
  if (node.epilogue) {
    throw new LutraError('INVALID_ARGUMENT', 'a fused epilogue cannot be written to a file', {
      node: `${node.name} (${node.op})`,
      hint: 'Serialize the graph before `optimize`, or use `simplify`',
    });
  }
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(node.op, name, value)),
  });
}
