import type { ModelProto } from 'onnx-buf';
import { WIRE, WireReader } from './wire-reader.js';

/**
 * Reads ModelProto from the wire with a table of just the fields that the importer looks at. onnx-buf's own schema of all of ONNX, with
 * the reflection that it needs, is many times the size of this reader and its table, in every page that runs a model
 * (docs/decisions/005-models-are-read-from-the-wire.md). The objects have the shape of onnx-buf's messages, as far as they go.
 */

type Scalar = 'string' | 'bytes' | 'int32' | 'int64' | 'uint64' | 'float' | 'double';
/** `one`: the last occurrence counts. `many`: a list, packed or not. `case`: member of the oneof called `value`. */
type Occurrence = 'one' | 'many' | 'case';
type Field = readonly [name: string, type: Scalar | keyof typeof MESSAGES, occurrence: Occurrence];

/** Field number → field, per message of onnx.proto. */
const MESSAGES = {
  Model: {
    1: ['irVersion', 'int64', 'one'],
    7: ['graph', 'Graph', 'one'],
    8: ['opsetImport', 'OperatorSetId', 'many'],
    14: ['metadataProps', 'StringStringEntry', 'many'],
    25: ['functions', 'Function', 'many'],
  },
  Graph: {
    1: ['node', 'Node', 'many'],
    2: ['name', 'string', 'one'],
    5: ['initializer', 'Tensor', 'many'],
    11: ['input', 'ValueInfo', 'many'],
    12: ['output', 'ValueInfo', 'many'],
    13: ['valueInfo', 'ValueInfo', 'many'],
    15: ['sparseInitializer', 'Ignored', 'many'],
  },
  Node: {
    1: ['input', 'string', 'many'],
    2: ['output', 'string', 'many'],
    3: ['name', 'string', 'one'],
    4: ['opType', 'string', 'one'],
    5: ['attribute', 'Attribute', 'many'],
    7: ['domain', 'string', 'one'],
    8: ['overload', 'string', 'one'],
  },
  Attribute: {
    1: ['name', 'string', 'one'],
    2: ['f', 'float', 'one'],
    3: ['i', 'int64', 'one'],
    4: ['s', 'bytes', 'one'],
    5: ['t', 'Tensor', 'one'],
    6: ['g', 'Graph', 'one'],
    7: ['floats', 'float', 'many'],
    8: ['ints', 'int64', 'many'],
    9: ['strings', 'bytes', 'many'],
    20: ['type', 'int32', 'one'],
    21: ['refAttrName', 'string', 'one'],
  },
  Tensor: {
    1: ['dims', 'int64', 'many'],
    2: ['dataType', 'int32', 'one'],
    3: ['segment', 'Ignored', 'one'],
    4: ['floatData', 'float', 'many'],
    5: ['int32Data', 'int32', 'many'],
    6: ['stringData', 'bytes', 'many'],
    7: ['int64Data', 'int64', 'many'],
    8: ['name', 'string', 'one'],
    9: ['rawData', 'bytes', 'one'],
    10: ['doubleData', 'double', 'many'],
    11: ['uint64Data', 'uint64', 'many'],
    13: ['externalData', 'Ignored', 'many'],
    14: ['dataLocation', 'int32', 'one'],
  },
  Function: {
    1: ['name', 'string', 'one'],
    4: ['input', 'string', 'many'],
    5: ['output', 'string', 'many'],
    6: ['attribute', 'string', 'many'],
    7: ['node', 'Node', 'many'],
    9: ['opsetImport', 'OperatorSetId', 'many'],
    10: ['domain', 'string', 'one'],
    11: ['attributeProto', 'Attribute', 'many'],
    13: ['overload', 'string', 'one'],
  },
  ValueInfo: { 1: ['name', 'string', 'one'], 2: ['type', 'Type', 'one'] },
  Type: {
    1: ['tensorType', 'TensorType', 'case'],
    4: ['sequenceType', 'Ignored', 'case'],
    5: ['mapType', 'Ignored', 'case'],
    8: ['sparseTensorType', 'Ignored', 'case'],
    9: ['optionalType', 'Ignored', 'case'],
  },
  TensorType: { 1: ['elemType', 'int32', 'one'], 2: ['shape', 'Shape', 'one'] },
  Shape: { 1: ['dim', 'Dimension', 'many'] },
  Dimension: { 1: ['dimValue', 'int64', 'case'], 2: ['dimParam', 'string', 'case'] },
  OperatorSetId: { 1: ['domain', 'string', 'one'], 2: ['version', 'int64', 'one'] },
  StringStringEntry: { 1: ['key', 'string', 'one'], 2: ['value', 'string', 'one'] },
  /** Only its presence matters. */
  Ignored: {},
} as const satisfies Record<string, Readonly<Record<number, readonly [string, string, Occurrence]>>>;

const EMPTY: Readonly<Partial<Record<string, unknown>>> = {
  string: '',
  int32: 0,
  int64: 0n,
  float: 0,
  bytes: new Uint8Array(0),
};
/** Subgraphs and types deeper than this are an attack, not a model. */
const DEEPEST = 64;

/** @throws Error when the bytes are not a protobuf message, or nest too deep. */
export function readModel(bytes: Uint8Array): ModelProto {
  const reader = new WireReader(bytes);
  return readMessage(reader, bytes.length, 'Model', 0) as unknown as ModelProto;
}

function readMessage(reader: WireReader, end: number, type: keyof typeof MESSAGES, depth: number): object {
  if (depth > DEEPEST) throw new Error('messages nest too deep');
  const fields: Readonly<Record<number, Field>> = MESSAGES[type];
  const message: Record<string, unknown> = {};
  for (const [name, kind, occurrence] of Object.values(fields)) {
    if (occurrence === 'many') message[name] = [];
    else if (occurrence === 'case') message.value = { case: undefined };
    else message[name] = EMPTY[kind];
  }
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    const field = fields[number];
    if (!field) {
      reader.skip(wire);
      continue;
    }
    const [name, kind, occurrence] = field;
    if (occurrence === 'many') readMany(reader, wire, kind, message[name] as unknown[], depth);
    else {
      const value = readValue(reader, wire, kind, depth);
      if (occurrence === 'case') message.value = { case: name, value };
      else message[name] = value;
    }
  }
  if (reader.pos !== end) throw new Error('a message runs past its end');
  return message;
}

function readMany(reader: WireReader, wire: number, kind: Field[1], list: unknown[], depth: number): void {
  const packed = wire === WIRE.bytes && wireType(kind) !== WIRE.bytes;
  if (!packed) {
    list.push(readValue(reader, wire, kind, depth));
    return;
  }
  const end = endOfMessage(reader);
  while (reader.pos < end) list.push(reader[kind as Scalar]());
  if (reader.pos !== end) throw new Error('a packed list runs past its end');
}

function readValue(reader: WireReader, wire: number, kind: Field[1], depth: number): unknown {
  if (wire !== wireType(kind)) throw new Error(`wire type ${wire} where a ${kind} belongs`);
  return kind in MESSAGES
    ? readMessage(reader, endOfMessage(reader), kind as keyof typeof MESSAGES, depth + 1)
    : reader[kind as Scalar]();
}

function endOfMessage(reader: WireReader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.length) throw new Error('a message runs past the end of the file');
  return end;
}

function wireType(kind: Field[1]): number {
  switch (kind) {
    case 'int32':
    case 'int64':
    case 'uint64':
      return WIRE.varint;
    case 'float':
      return WIRE.bit32;
    case 'double':
      return WIRE.bit64;
    default:
      return WIRE.bytes;
  }
}
