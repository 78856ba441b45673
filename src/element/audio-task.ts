import { LutraError } from '../errors.js';
import { METADATA } from '../graph/metadata.js';
import { decodeRecording, mixDown } from '../speech/decode-recording.js';
import { speechInput } from '../speech/features.js';
import { Listener } from '../speech/listener.js';
import { openMicrophone } from '../speech/microphone.js';
import { resample } from '../speech/resample.js';
import { readAudioPreprocess } from '../speech/spec.js';
import type { Recording } from '../speech/wav.js';
import { fetchBlob } from './fetch-blob.js';
import { readLabels } from './scores.js';
import type { Input, Live, Task } from './task.js';
import type { AudioSource } from './types.js';

/** Distance between two windows, as a share of a clip. */
const STRIDE = 1 / 8;
/** Time over which probabilities are averaged. */
const SMOOTHING_MILLISECONDS = 250;
/** Probability from which on the listener reports a word. */
const THRESHOLD = 0.5;

async function open(source: AudioSource, name = 'the recording'): Promise<Recording> {
  if (typeof source === 'string' || source instanceof URL)
    return decodeRecording(await fetchBlob(source), String(source));
  if (source instanceof Blob) return decodeRecording(source, name);
  if (source instanceof AudioBuffer) return mixDown(source);
  if (source?.samples instanceof Float32Array && source.sampleRate > 0) return source;
  throw new LutraError('INVALID_ARGUMENT', 'this is not a recording', {
    expected: 'an address, a Blob, an AudioBuffer, or { samples: Float32Array, sampleRate }',
    actual: Object.prototype.toString.call(source),
  });
}

async function read(source: AudioSource, name?: string): Promise<Input> {
  const { samples, sampleRate } = await open(source, name);
  return (session) => {
    const spec = readAudioPreprocess(session.metadata);
    return speechInput([resample(samples, sampleRate, spec.sampleRate)], spec);
  };
}

async function listen({ signal, open: openNetwork, run, show }: Live): Promise<void> {
  const { port1: sound, port2: target } = new MessageChannel();
  const microphone = await openMicrophone(target, signal);
  try {
    const session = await openNetwork();
    const spec = readAudioPreprocess(session.metadata);
    const dims = [1, 1, spec.mels, spec.frames];
    const listener = new Listener(
      {
        spec,
        labels: readLabels(session.metadata[METADATA.labels]),
        classify: async (features) => {
          const answer = await run(() => ({ type: 'float32', dims, data: features }));
          return answer.probabilities;
        },
        threshold: THRESHOLD,
        stride: Math.max(1, Math.round(spec.frames * STRIDE)),
        smoothing: SMOOTHING_MILLISECONDS,
        live: true,
      },
      {
        onWindow: ({ smoothed, networkMilliseconds }) =>
          show({ probabilities: smoothed, milliseconds: networkMilliseconds }),
      },
    );
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve());
      void microphone.lost.then(reject);
      sound.onmessage = ({ data }: MessageEvent<Float32Array>) => {
        listener.push(data, microphone.sampleRate).catch(reject);
      };
    });
  } finally {
    sound.close();
    microphone.stop();
  }
}

/** The task `audio`: recordings and the microphone. */
export function createAudioTask(): Task {
  return { read: (source, name) => read(source as AudioSource, name), listen };
}
