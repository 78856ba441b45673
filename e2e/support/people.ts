import { existsSync } from 'node:fs';
import { openDataset } from '../../src/data/node-open.js';
import { resample } from '../../src/speech/resample.js';
import { encodeWav } from '../../src/speech/wav.js';

const DATA = '../shared/data';
export const COMMANDS = `${DATA}/speech-commands/train_1.ulaw.gz`;
export const DIGITS = `${DATA}/fsdd/recordings.tar.gz`;
const RATE = 48000;

/** Recordings of people are large and come beside a checkout, not in it. */
export function peopleAreMissing(): boolean {
  return !existsSync(COMMANDS) || !existsSync(DIGITS);
}

/** People saying these words, one after the other, a second apart, as a microphone would deliver it. */
export async function recordPeople(path: string, spoken: readonly string[]): Promise<Buffer> {
  const dataset = await openDataset(path);
  const pause = new Float32Array(RATE);
  const parts: Float32Array[] = [pause];
  for (const word of spoken) {
    const index = [...dataset.labels!].findIndex((label) => dataset.classes![label] === word);
    for await (const sample of dataset.samples([index])) {
      if (sample.kind !== 'recording') throw new Error(`${sample.name} is no recording`);
      parts.push(resample(sample.recording.samples, sample.recording.sampleRate, RATE), pause);
    }
  }
  return Buffer.from(encodeWav({ samples: Float32Array.from(parts.flatMap((part) => [...part])), sampleRate: RATE }));
}
