import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from '@playwright/test';
import { seededRandom } from '../../src/convert/random.js';
import { GraphBuilder } from '../../src/graph/builder.js';
import { type AudioPreprocess, METADATA } from '../../src/graph/metadata.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { KEYWORD_FEATURES } from '../../src/speech/spec.js';
import { encodeWav } from '../../src/speech/wav.js';

const SPEC: AudioPreprocess = { ...KEYWORD_FEATURES, mels: 16 };
const CLASSES = ['_silence_', 'low', 'high'];
const HERTZ = { low: 300, high: 4500 } as const;
export type Tone = keyof typeof HERTZ;

/**
 * "Words" that need no training: by how much the lower half of the mel bands is louder than the upper one, on average over a
 * window. A tone that lies in the window whole gives 5.6 or −4.1; noise, of which the wider upper bands catch more, −2.4.
 */
function toneNetwork(): Uint8Array {
  const b = new GraphBuilder({
    metadata: { [METADATA.preprocess]: JSON.stringify(SPEC), [METADATA.labels]: JSON.stringify(CLASSES) },
  });
  const input = b.input('features', ['N', 1, SPEC.mels, SPEC.frames]);
  const bands = b.node('Flatten', [b.node('ReduceMean', [input], { axes: [3], keepdims: 0 })]);
  const weights = Array.from({ length: SPEC.mels }, (_, mel) => (mel < SPEC.mels / 2 ? [0, 4, -4] : [0, -4, 4]));
  const scores = b.node('Gemm', [bands, b.floats([SPEC.mels, 3], weights.flat()), b.floats([3], [0, -14, -13.2])]);
  b.output(scores, ['N', 3]);
  return serializeModel(b.build());
}

/** A recording of tones of 0.4 s, each after a second of near silence. */
export function toneRecording(tones: readonly Tone[], sampleRate = 44100): Buffer {
  const random = seededRandom(3);
  const samples: number[] = [];
  const add = (seconds: number, hertz: number) => {
    for (let n = 0; n < seconds * sampleRate; n++) {
      const voice = hertz === 0 ? 0 : 0.3 * Math.sin((2 * Math.PI * hertz * n) / sampleRate);
      samples.push(voice + 2e-3 * (random() - 0.5));
    }
  };
  for (const tone of tones) {
    add(1, 0);
    add(0.4, HERTZ[tone]);
  }
  add(1.2, 0);
  return Buffer.from(encodeWav({ samples: Float32Array.from(samples), sampleRate }));
}

const ENTRY = { id: 'tones', title: 'Tones', task: 'audio', lut: 'tones.onnx', dense: 'tones.onnx' };

/** Makes the site one that carries only this network, and no samples. */
export async function withToneNetwork(context: BrowserContext): Promise<void> {
  await context.route('**/models/models.json', (route) => route.fulfill({ json: [ENTRY] }));
  await context.route('**/models/tones.onnx', (route) => route.fulfill({ body: Buffer.from(toneNetwork()) }));
  await context.route('**/samples/**', (route) => route.fulfill({ status: 404, body: '' }));
}

/** The folders `models/` and `samples/` of a site that carries only this network, and a clip of each tone. */
export function writeToneSite(folder: string): Readonly<Record<string, string>> {
  const models = join(folder, 'models');
  const samples = join(folder, 'samples');
  mkdirSync(models, { recursive: true });
  mkdirSync(join(samples, 'speech'), { recursive: true });
  writeFileSync(join(models, 'models.json'), JSON.stringify([ENTRY]));
  writeFileSync(join(models, ENTRY.lut), toneNetwork());
  const clips = (['low', 'high'] as const).map((label) => {
    const file = `${label}.wav`;
    writeFileSync(join(samples, 'speech', file), toneRecording([label]));
    return { file, label };
  });
  writeFileSync(join(samples, 'speech/manifest.json'), JSON.stringify({ samples: clips }));
  return { '/models/': models, '/samples/': samples };
}
