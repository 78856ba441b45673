import { LutraError } from '../errors.js';
import { arrayType, elementCount } from '../graph/tensor.js';
import type { DataType, TensorValue } from '../graph/types.js';
import type { BestState } from './best.js';
import type { TrainingRecord } from './history.js';
import type { TrainingState } from './types.js';

/** All that a training needs to go on. */
export interface Checkpoint {
  /** Tells networks and data apart: see {@link fingerprint}. */
  readonly identity: string;
  readonly state: TrainingState;
  /** Slow average of the parameters, by initializer name; empty when none is kept. */
  readonly average: ReadonlyMap<string, TensorValue>;
  /** The best state so far; missing while none is better than the start. */
  readonly best?: BestState;
  /** Seconds of training so far, over all sessions. */
  readonly seconds: number;
  readonly history: readonly TrainingRecord[];
}

/** `LUTRACKP`: tells checkpoints from other files. */
const MAGIC = Uint8Array.from('LUTRACKP', (letter) => letter.charCodeAt(0));
/** Older ones are read, too: version 1 has no best state, and `validation` was `heldOut` up to version 2. */
const VERSION = 3;
/** Tensors start at multiples of this many bytes. */
const ALIGNMENT = 8;
const SECTIONS = ['values', 'moments', 'average', 'best'] as const;

interface Entry {
  readonly section: (typeof SECTIONS)[number];
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
  /** Byte offset behind the header. */
  readonly offset: number;
}

interface Header {
  readonly version: number;
  readonly identity: string;
  readonly step: number;
  readonly seconds: number;
  readonly best?: Omit<BestState, 'values'>;
  readonly history: readonly TrainingRecord[];
  readonly tensors: readonly Entry[];
}

const aligned = (length: number) => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

/** Magic, uint32 length of the header, the header as JSON, then the tensors, each at a multiple of 8 bytes. Little-endian. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { identity, state, average, best, seconds, history } = checkpoint;
  const tensors: Entry[] = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  const sections = { values: state.values, moments: state.moments, average, best: best?.values ?? [] };
  for (const section of SECTIONS) {
    for (const [name, { type, dims, data }] of sections[section]) {
      const view = data as Exclude<TensorValue['data'], string[]>;
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      tensors.push({ section, name, type, dims, offset });
      parts.push(bytes);
      offset += aligned(bytes.length);
    }
  }
  const reached = best && { best: { step: best.step, validation: best.validation } };
  const header: Header = { version: VERSION, identity, step: state.step, seconds, ...reached, history, tensors };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = aligned(MAGIC.length + 4 + json.length);
  const file = new Uint8Array(start + offset);
  file.set(MAGIC);
  new DataView(file.buffer).setUint32(MAGIC.length, json.length, true);
  file.set(json, MAGIC.length + 4);
  tensors.forEach((entry, i) => {
    file.set(parts[i]!, start + entry.offset);
  });
  return file;
}

/**
 * Reads what {@link encodeCheckpoint} wrote.
 * @param name of the file, for messages
 * @throws LutraError `INVALID_DATA` when it is no checkpoint, damaged, or of another version
 */
export function decodeCheckpoint(file: Uint8Array, name: string): Checkpoint {
  const damaged = (reason: string, more = {}) =>
    new LutraError('INVALID_DATA', `${name} is not a usable checkpoint: ${reason}`, more);
  if (file.length === 0) throw damaged('it is empty');
  if (file.length < MAGIC.length + 4 || MAGIC.some((byte, i) => file[i] !== byte))
    throw damaged('it is another kind of file');
  const length = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length, true);
  const start = aligned(MAGIC.length + 4 + length);
  if (start > file.length) throw damaged('it is truncated');
  const text = new TextDecoder().decode(file.subarray(MAGIC.length + 4, MAGIC.length + 4 + length));
  let header: Header;
  try {
    header = JSON.parse(text.replaceAll(/"heldOut(Loss|Agreement|)":/g, '"validation$1":'));
  } catch (cause) {
    throw damaged('its header is damaged', { cause });
  }
  if (!(header.version >= 1 && header.version <= VERSION)) {
    throw damaged(`it has version ${header.version}, this program reads up to ${VERSION}`);
  }
  const section = () => new Map<string, TensorValue>();
  const sections = { values: section(), moments: section(), average: section(), best: section() };
  for (const { section: owner, name: tensor, type, dims, offset } of header.tensors) {
    const kind = arrayType(type);
    const bytes = elementCount(dims) * kind.BYTES_PER_ELEMENT;
    if (start + offset + bytes > file.length) throw damaged('it is truncated');
    // Copied, since the file's bytes may start anywhere in their buffer; the `slice` of Node's Buffer would not copy.
    const { buffer } = Uint8Array.prototype.slice.call(file, start + offset, start + offset + bytes);
    sections[owner].set(tensor, { type, dims, data: new kind(buffer) });
  }
  const { identity, step, seconds, history, best } = header;
  const { values, moments, average } = sections;
  const reached = best && { best: { ...best, values: sections.best } };
  return { identity, state: { step, values, moments }, average, ...reached, seconds, history };
}

/**
 * Identity of a training: the network's operators, the names and shapes of its values, its classes. Weights do not count.
 * @param parts any JSON values
 * @returns 16 hexadecimal digits (FNV-1a, twice 32 bits)
 */
export function fingerprint(...parts: readonly unknown[]): string {
  const text = JSON.stringify(parts);
  const hash = (seed: number) => {
    let h = (0x811c9dc5 ^ seed) >>> 0;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
    return h.toString(16).padStart(8, '0');
  };
  return hash(0) + hash(0x5bd1e995);
}
