import { LutraError } from '../errors.js';
import { decodeWav, isWav, type Recording } from './wav.js';

/** Hz at which the browser decodes compressed recordings. It does not tell their original rate. */
const DECODE_RATE = 48_000;

/**
 * Decodes a recording in the browser: WAV with {@link decodeWav}, other formats with the browser's decoder.
 * @param name used in messages
 * @throws {LutraError} `INVALID_DATA` when it is damaged, empty, or of a kind that this browser cannot play.
 */
export async function decodeRecording(file: Blob, name: string): Promise<Recording> {
  const buffer = await file.arrayBuffer();
  const bytes = new Uint8Array(buffer);
  // Every browser resamples decoded sound in its own way. WAV files avoid that.
  if (isWav(bytes)) return decodeWav(bytes, name);
  const context = new OfflineAudioContext(1, 1, DECODE_RATE);
  const decoded = await context.decodeAudioData(buffer).catch((cause: unknown) => {
    throw new LutraError('INVALID_DATA', `${name} is not a recording that this browser can play`, {
      hint: 'WAV, MP3, Ogg and AAC usually work',
      cause,
    });
  });
  return mixDown(decoded);
}

/** The mean of the channels. */
export function mixDown(buffer: AudioBuffer): Recording {
  const { length, numberOfChannels, sampleRate } = buffer;
  const samples = new Float32Array(length);
  for (let channel = 0; channel < numberOfChannels; channel++) {
    const data = buffer.getChannelData(channel);
    for (let i = 0; i < length; i++) samples[i]! += data[i]! / numberOfChannels;
  }
  return { samples, sampleRate };
}
