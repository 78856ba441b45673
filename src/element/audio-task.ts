import { LutraError } from '../errors.js';
import { type AudioPreprocess, METADATA } from '../graph/lookup.js';
import type { InferenceSessionApi } from '../session/types.js';
import { speechInput } from '../speech/features.js';
import { resample } from '../speech/resample.js';
import { checkAudioPreprocess } from '../speech/spec.js';
import { decodeWav, isWav, type Recording } from '../speech/wav.js';
import { fetchBlob } from './fetch-blob.js';
import type { Input, Task } from './task.js';
import type { AudioSource } from './types.js';

/** Rate at which the browser decodes compressed recordings; what they were recorded at is not told. */
const DECODE_RATE = 48_000;

/**
 * How sound becomes the network's input, from the model's metadata.
 *
 * @throws LutraError `UNSUPPORTED` when the file does not say, `INVALID_MODEL` when it says it wrong.
 */
export function audioPreprocess({ metadata }: Pick<InferenceSessionApi, 'metadata'>): AudioPreprocess {
  const stated = metadata[METADATA.preprocess];
  if (stated === undefined) {
    throw new LutraError('UNSUPPORTED', 'the network does not say how sound becomes its input', {
      hint: `The file needs the metadata entry "${METADATA.preprocess}"`,
    });
  }
  try {
    return checkAudioPreprocess(JSON.parse(stated));
  } catch (cause) {
    if (cause instanceof LutraError) throw cause;
    throw new LutraError('INVALID_MODEL', 'metadata lutra.preprocess is not JSON', { cause });
  }
}

async function decode(file: Blob, name: string): Promise<Recording> {
  const buffer = await file.arrayBuffer();
  const bytes = new Uint8Array(buffer);
  // Browsers resample what they decode, each in its own way; WAV files need not go that way.
  if (isWav(bytes)) return decodeWav(bytes, name);
  const context = new OfflineAudioContext(1, 1, DECODE_RATE);
  return mixDown(
    await context.decodeAudioData(buffer).catch((cause: unknown) => {
      throw new LutraError('INVALID_DATA', `${name} is not a recording that this browser can play`, {
        hint: 'WAV, MP3, Ogg and AAC usually work',
        cause,
      });
    }),
  );
}

/** The mean of the channels. */
function mixDown(buffer: AudioBuffer): Recording {
  const { length, numberOfChannels, sampleRate } = buffer;
  const samples = new Float32Array(length);
  for (let channel = 0; channel < numberOfChannels; channel++) {
    const data = buffer.getChannelData(channel);
    for (let i = 0; i < length; i++) samples[i]! += data[i]! / numberOfChannels;
  }
  return { samples, sampleRate };
}

async function open(source: AudioSource, name = 'the recording'): Promise<Recording> {
  if (typeof source === 'string' || source instanceof URL) return decode(await fetchBlob(source), String(source));
  if (source instanceof Blob) return decode(source, name);
  if (source instanceof AudioBuffer) return mixDown(source);
  if (source?.samples instanceof Float32Array && source.sampleRate > 0) return source;
  throw new LutraError('INVALID_ARGUMENT', 'this cannot be read as a recording', {
    expected: 'an address, a Blob, an AudioBuffer, or { samples: Float32Array, sampleRate }',
    actual: Object.prototype.toString.call(source),
  });
}

/** Recordings. */
export function createAudioTask(): Task {
  return {
    async read(source, name): Promise<Input> {
      const { samples, sampleRate } = await open(source as AudioSource, name);
      return (session) => {
        const spec = audioPreprocess(session);
        return speechInput([resample(samples, sampleRate, spec.sampleRate)], spec);
      };
    },
    async listen() {
      throw new LutraError('PLATFORM', 'no microphone yet');
    },
  };
}
