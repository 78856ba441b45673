import { LutraError } from '../errors.js';
import { MU_LAW_VALUES } from './mulaw.js';

/** A recording: one channel, in −1..1 (float files may exceed it). */
export interface Recording {
  readonly samples: Float32Array;
  /** Hz */
  readonly sampleRate: number;
}

/** Codings of samples, as the format chunk numbers them. */
const TAGS = { pcm: 1, float: 3, muLaw: 7, extensible: 0xfffe };
/** Size of a data chunk when the writer did not know it at the start. The chunk then lasts until the file ends. */
const UNKNOWN_SIZE = 0xffffffff;
const MAX_CHANNELS = 64;

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

/** True when the bytes start as a RIFF WAVE file does. */
export function isWav(bytes: Uint8Array): boolean {
  return bytes.length >= 12 && tagAt(bytes, 0) === 'RIFF' && tagAt(bytes, 8) === 'WAVE';
}

function tagAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function readFormat(view: DataView, at: number, size: number, name: string): Format {
  if (size < 16) throw new LutraError('INVALID_DATA', `${name}: the format of the WAV file is cut off`);
  const tag = view.getUint16(at, true);
  const format: Format = {
    // WAVE_FORMAT_EXTENSIBLE keeps the real tag at the start of a GUID.
    tag: tag === TAGS.extensible && size >= 26 ? view.getUint16(at + 24, true) : tag,
    channels: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  const { channels, sampleRate } = format;
  if (channels < 1 || channels > MAX_CHANNELS || sampleRate < 1000 || sampleRate > 768_000) {
    throw new LutraError('INVALID_DATA', `${name}: the WAV file has an unusable format`, {
      expected: `1..${MAX_CHANNELS} channels at 1,000..768,000 Hz`,
      actual: `${channels} channels at ${sampleRate} Hz`,
    });
  }
  return format;
}

/** Reads sample i of interleaved samples, by format tag and bits. */
const READERS: Readonly<Record<string, (data: DataView, i: number) => number>> = {
  [`${TAGS.pcm}/8`]: (data, i) => (data.getUint8(i) - 128) / 128,
  [`${TAGS.pcm}/16`]: (data, i) => data.getInt16(2 * i, true) / 32768,
  [`${TAGS.pcm}/24`]: (data, i) => (data.getUint16(3 * i, true) + data.getInt8(3 * i + 2) * 65536) / 8388608,
  [`${TAGS.pcm}/32`]: (data, i) => data.getInt32(4 * i, true) / 2147483648,
  [`${TAGS.float}/32`]: (data, i) => data.getFloat32(4 * i, true),
  [`${TAGS.float}/64`]: (data, i) => data.getFloat64(8 * i, true),
  [`${TAGS.muLaw}/8`]: (data, i) => MU_LAW_VALUES[data.getUint8(i)]!,
};

/** Finds the format and the samples among the chunks. */
function findChunks(bytes: Uint8Array, name: string): { format: Format; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const tag = tagAt(bytes, at);
    const stated = view.getUint32(at + 4, true);
    const start = at + 8;
    const size = tag === 'data' && stated === UNKNOWN_SIZE ? bytes.length - start : stated;
    if (start + size > bytes.length) {
      throw new LutraError('INVALID_DATA', `${name} is truncated inside its "${tag}" chunk`, {
        expected: `${size} bytes`,
        actual: `${bytes.length - start}`,
      });
    }
    if (tag === 'fmt ') format = readFormat(view, start, size, name);
    if (tag === 'data') {
      if (!format) throw new LutraError('INVALID_DATA', `${name}: the WAV file has samples before their format`);
      return { format, data: bytes.subarray(start, start + size) };
    }
    at = start + size + (size & 1);
  }
  throw new LutraError('INVALID_DATA', `${name}: the WAV file holds no samples`);
}

/**
 * Decodes a RIFF WAVE file: PCM of 8, 16, 24 or 32 bits, float of 32 or 64, or µ-law. Channels are averaged.
 * @param name used in messages
 * @throws {LutraError} `INVALID_DATA` when the file is damaged, empty or in another coding.
 */
export function decodeWav(bytes: Uint8Array, name: string): Recording {
  if (!isWav(bytes)) {
    throw new LutraError('INVALID_DATA', `${name} is not a WAV file`, {
      expected: 'bytes starting with RIFF … WAVE',
      actual: bytes.length === 0 ? 'an empty file' : `${bytes.length} other bytes`,
    });
  }
  const { format, data } = findChunks(bytes, name);
  const { tag, channels, bits, sampleRate } = format;
  const read = READERS[`${tag}/${bits}`];
  if (!read) {
    throw new LutraError('INVALID_DATA', `${name}: this coding of WAV is not known`, {
      expected: 'PCM of 8, 16, 24 or 32 bits, float of 32 or 64, or µ-law',
      actual: `format ${tag} of ${bits} bits`,
    });
  }
  const frameBytes = (channels * bits) / 8;
  const count = data.length / frameBytes;
  if (count === 0 || !Number.isInteger(count)) {
    throw new LutraError('INVALID_DATA', `${name}: the WAV file holds ${count === 0 ? 'no' : 'a broken last'} sample`, {
      expected: `a multiple of ${frameBytes} bytes`,
      actual: `${data.length}`,
    });
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read(view, i * channels + channel);
    if (!Number.isFinite(sum)) {
      throw new LutraError('INVALID_DATA', `${name}: sample ${i} is not a number`, {
        actual: `${sum}`,
        expected: '−1..1',
      });
    }
    samples[i] = sum / channels;
  }
  return { samples, sampleRate };
}

/** Writes one channel as a WAV file of 16-bit PCM. Samples outside −1..1 are clipped. */
export function encodeWav({ samples, sampleRate }: Recording): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const tag = (at: number, text: string) => {
    for (let i = 0; i < 4; i++) bytes[at + i] = text.charCodeAt(i);
  };
  tag(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  tag(8, 'WAVE');
  tag(12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, TAGS.pcm, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  tag(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => {
    view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), true);
  });
  return bytes;
}
