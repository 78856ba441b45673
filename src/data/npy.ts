import { unzipSync, zipSync } from 'fflate';
import { LutraError } from '../errors.js';
import { arrayType, bytesPerElement, elementCount } from '../graph/tensor.js';
import type { DataType, TensorValue } from '../graph/types.js';

type NumericType = Exclude<DataType, 'string'>;

/** NumPy type codes without byte order. */
const DTYPES: Readonly<Record<string, NumericType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  b1: 'bool',
};

const MAGIC = '\x93NUMPY';
/** Data starts at a multiple of this (numpy.lib.format). */
const ALIGNMENT = 64;

/** True for the first bytes of a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return bytes.length >= 10 && [...MAGIC].every((char, i) => bytes[i] === char.charCodeAt(0));
}

/** True for the first bytes of a zip archive; a .npz file is one. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * Reads a .npy file (numpy.lib.format, versions 1 to 3; little-endian, C order). `name` is used in messages.
 * @throws {LutraError} `INVALID_DATA` for anything else and for data shorter or longer than the shape.
 */
export function parseNpy(bytes: Uint8Array, name: string): TensorValue {
  if (!isNpy(bytes)) throw new LutraError('INVALID_DATA', `${name} is not a .npy file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! >= 2;
  const start = wide ? 12 : 10;
  const headerLength = bytes.length >= start ? (wide ? view.getUint32(8, true) : view.getUint16(8, true)) : 0;
  const header = new TextDecoder().decode(bytes.subarray(start, start + headerLength));
  const descr = /'descr':\s*'([<>|=])([a-z]\d+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!descr || !order || !shape) throw new LutraError('INVALID_DATA', `${name}: unreadable .npy header`);
  const type = DTYPES[descr[2]!];
  if (!type || descr[1] === '>') {
    throw new LutraError('INVALID_DATA', `${name}: unsupported NumPy type ${descr[1]}${descr[2]}`, {
      hint: 'Save it little-endian as float32, uint8 or int64',
    });
  }
  const dims = (shape[1]!.match(/\d+/g) ?? []).map(Number);
  if (order[1] === 'True' && dims.length > 1) {
    throw new LutraError('INVALID_DATA', `${name} is stored in Fortran order`, {
      hint: 'Save np.ascontiguousarray(x)',
    });
  }
  // Copied to its own buffer, which aligns it. Not `slice`: on a Node Buffer that is a view.
  const data = new Uint8Array(bytes.subarray(start + headerLength));
  const expected = elementCount(dims) * bytesPerElement(type);
  if (data.length !== expected) {
    throw new LutraError('INVALID_DATA', `${name} is not as long as its shape says`, {
      expected: `${type}[${dims}] = ${expected} bytes`,
      actual: `${data.length}`,
    });
  }
  return { type, dims, data: new (arrayType(type))(data.buffer) };
}

/** Writes a .npy file, version 1.0. String tensors throw `UNSUPPORTED`. */
export function serializeNpy(tensor: TensorValue): Uint8Array<ArrayBuffer> {
  const { type, dims } = tensor;
  const size = bytesPerElement(type);
  const code = Object.keys(DTYPES).find((key) => DTYPES[key] === type)!;
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const text = `{'descr': '${size === 1 ? '|' : '<'}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  const start = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = `${MAGIC}\x01\x00${String.fromCharCode((start - 10) & 255, (start - 10) >> 8)}${text.padEnd(start - 11)}\n`;
  const data = tensor.data as Exclude<TensorValue['data'], string[]>;
  const bytes = new Uint8Array(start + data.byteLength);
  for (let i = 0; i < start; i++) bytes[i] = header.charCodeAt(i);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

/**
 * Reads a .npz archive: array name → tensor.
 * @throws {LutraError} `INVALID_DATA` when the archive or one of its arrays cannot be read.
 */
export function parseNpz(bytes: Uint8Array, name: string): Map<string, TensorValue> {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter: (file) => file.name.endsWith('.npy') });
  } catch (cause) {
    throw new LutraError('INVALID_DATA', `${name} is not a readable .npz archive`, { cause });
  }
  return new Map(
    Object.entries(files).map(([file, data]) => [file.slice(0, -'.npy'.length), parseNpy(data, `${name}/${file}`)]),
  );
}

/** Writes a .npz archive, compressed. */
export function serializeNpz(arrays: Iterable<readonly [name: string, tensor: TensorValue]>): Uint8Array<ArrayBuffer> {
  return zipSync(Object.fromEntries([...arrays].map(([name, tensor]) => [`${name}.npy`, serializeNpy(tensor)])));
}
