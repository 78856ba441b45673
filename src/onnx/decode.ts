import type { ModelProto } from 'onnx-buf';
import { LutraError } from '../errors.js';
import { readModel } from './wire.js';

const LARGEST_FILE = 2 ** 31;

/**
 * Protobuf bytes → ModelProto. `bytes` fields of the result are views of the argument.
 *
 * @throws LutraError `INVALID_MODEL`: not a protobuf message, or none that looks like a model.
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  if (bytes.byteLength >= LARGEST_FILE) {
    throw new LutraError('INVALID_MODEL', 'the file is larger than 2 GiB, the limit of a protobuf message');
  }
  let model: ModelProto;
  try {
    // A plain view: the methods of Node's Buffer differ.
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    model = readModel(view);
  } catch (cause) {
    throw notAModel(bytes, cause);
  }
  if (!model.graph) throw notAModel(bytes, undefined);
  return model;
}

function notAModel(bytes: Uint8Array, cause: unknown): LutraError {
  const [message, hint] = describeBytes(bytes);
  return new LutraError('INVALID_MODEL', message, { hint, cause });
}

/** What bytes that are no model look like, for the error message. */
function describeBytes(bytes: Uint8Array): [message: string, hint: string] {
  if (bytes.length === 0) return ['the file is empty', 'Check that the download or upload finished'];
  const head = String.fromCharCode(...bytes.subarray(0, 512));
  const text = head.trimStart();
  if (/^<(!doctype|html|head|body|\?xml|!--|svg)/i.test(text)) {
    return [
      'got an HTML or XML page instead of an ONNX model',
      'The address probably answered with an error page: open it in a browser',
    ];
  }
  if (text.startsWith('version https://git-lfs')) {
    return ['got a Git LFS pointer instead of an ONNX model', 'Fetch the file itself with `git lfs pull`'];
  }
  if (head.startsWith('PK\x03\x04') || head.startsWith('\x1f\x8b')) {
    return ['got a zip or gzip archive instead of an ONNX model', 'Unpack it first'];
  }
  if (head.slice(4, 8) === 'TFL3')
    return ['got a TensorFlow Lite model instead of an ONNX model', 'Convert it to ONNX first'];
  if (head.slice(4, 8) === 'ORTM') return ['got an ORT-format model', 'Use the .onnx file that it was made from'];
  if (/^[\t\n\r\x20-\x7e]+$/.test(head)) {
    return [
      `got text instead of an ONNX model: ${JSON.stringify(text.slice(0, 40))}`,
      'Check the address or the file that was chosen',
    ];
  }
  return ['the bytes are not an ONNX model, or the file is damaged', 'Check that the file is complete'];
}
