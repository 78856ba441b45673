import type { AttributeProto, GraphProto } from 'onnx-buf';
import { LutraError } from '../errors.js';
import type { Attribute, DataType, Graph, TensorValue } from '../graph/types.js';
import { parseTensor, toSafeInteger, toText } from './tensor.js';

/** AttributeProto.AttributeType numbers (onnx.proto). */
export const ATTRIBUTE_TYPES = {
  undefined: 0,
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** @throws LutraError `INVALID_MODEL` or `UNSUPPORTED`, naming the node by `label`. */
export function parseAttributes(
  protos: readonly AttributeProto[],
  label: string,
  parseSubgraph: (proto: GraphProto) => Graph,
): Record<string, Attribute> {
  const attributes: Record<string, Attribute> = {};
  for (const proto of protos) {
    if (!proto.name || Object.hasOwn(attributes, proto.name)) {
      throw new LutraError('INVALID_MODEL', `attribute "${proto.name}" is nameless or given twice`, { node: label });
    }
    // An own property whatever the name, `__proto__` included.
    Object.defineProperty(attributes, proto.name, {
      value: parseAttribute(proto, label, parseSubgraph),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return attributes;
}

function parseAttribute(proto: AttributeProto, label: string, parseSubgraph: (proto: GraphProto) => Graph): Attribute {
  const where = `attribute "${proto.name}" of ${label}`;
  if (proto.refAttrName) throw new LutraError('INVALID_MODEL', `${where} refers to an attribute outside of a function`);
  const types = ATTRIBUTE_TYPES;
  switch (proto.type || guessType(proto)) {
    case types.float:
      return proto.f;
    case types.int:
      return toSafeInteger(proto.i, where);
    case types.string:
      return toText(proto.s, where);
    case types.floats:
      return proto.floats;
    case types.ints:
      // Slice before opset 10 writes "to the end" as the largest int64; no axis is that long.
      if (proto.name === 'starts' || proto.name === 'ends') return proto.ints.map(nearestSafeInteger);
      return proto.ints.map((value) => toSafeInteger(value, where));
    case types.strings:
      return proto.strings.map((bytes) => toText(bytes, where));
    case types.tensor:
      if (proto.t) return parseTensor(proto.t, where);
      break;
    case types.graph:
      if (proto.g) return parseSubgraph(proto.g);
      break;
    default:
      throw new LutraError('UNSUPPORTED', `${where} is sparse, a type, or a list of tensors or graphs`);
  }
  throw new LutraError('INVALID_MODEL', `${where} has no value`);
}

function nearestSafeInteger(value: bigint): number {
  return Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** Files of the first IR versions leave the type out: the field that is filled tells. */
function guessType(proto: AttributeProto): number {
  const types = ATTRIBUTE_TYPES;
  if (proto.t) return types.tensor;
  if (proto.g) return types.graph;
  if (proto.floats.length > 0) return types.floats;
  if (proto.ints.length > 0) return types.ints;
  if (proto.strings.length > 0) return types.strings;
  if (proto.s.length > 0) return types.string;
  return proto.f !== 0 ? types.float : types.int;
}

/** The value of a Constant node, whichever of its attributes holds it. */
export function constantValue(protos: readonly AttributeProto[], label: string): TensorValue {
  const [proto] = protos;
  if (!proto || protos.length !== 1 || proto.refAttrName) {
    throw new LutraError('INVALID_MODEL', 'a constant must have exactly one value', { node: label });
  }
  const vector = (type: DataType, data: TensorValue['data']): TensorValue => ({ type, dims: [data.length], data });
  const scalar = (type: DataType, data: TensorValue['data']): TensorValue => ({ type, dims: [], data });
  switch (proto.name) {
    case 'value':
      if (!proto.t) throw new LutraError('INVALID_MODEL', 'a constant without value', { node: label });
      return parseTensor(proto.t, `the value of ${label}`);
    case 'value_float':
      return scalar('float32', Float32Array.of(proto.f));
    case 'value_floats':
      return vector('float32', Float32Array.from(proto.floats));
    case 'value_int':
      return scalar('int64', BigInt64Array.of(proto.i));
    case 'value_ints':
      return vector('int64', BigInt64Array.from(proto.ints));
    case 'value_string':
      return scalar('string', [toText(proto.s, label)]);
    case 'value_strings':
      return vector(
        'string',
        proto.strings.map((bytes) => toText(bytes, label)),
      );
    default:
      throw new LutraError('UNSUPPORTED', `constants with the attribute "${proto.name}" are not supported`, {
        node: label,
      });
  }
}
