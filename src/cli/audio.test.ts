import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lutra } from '../../test/support/run-cli.js';
import { GraphBuilder } from '../graph/builder.js';
import { type AudioPreprocess, METADATA } from '../graph/metadata.js';
import { parseModel } from '../onnx/parse.js';
import { serializeModel } from '../onnx/serialize.js';
import { KEYWORD_FEATURES } from '../speech/spec.js';
import { encodeWav } from '../speech/wav.js';

const SPEC: AudioPreprocess = { ...KEYWORD_FEATURES, frames: 16, mels: 8, dynamicRange: null };
const LABELS = ['low', 'high'];
const LOW = 300;
const HIGH = 5000;
let folder: string;
const at = (name: string) => join(folder, name);

/** Weighs the lower half of the bands against the upper one, behind a convolution that can be converted. */
function pitchModel(metadata: Readonly<Record<string, string>>): Uint8Array {
  const b = new GraphBuilder({ metadata });
  const spread = Array.from({ length: 8 * 9 }, (_, i) => (i % 9 === 4 ? 1 : 0.01 * Math.sin(i)));
  const x = b.node('Conv', [b.input('sound', ['N', 1, 8, 16]), b.floats([8, 1, 3, 3], spread)], { pads: [1, 1, 1, 1] });
  const mixing = Array.from({ length: 16 * 8 * 9 }, (_, i) => (i % 9 === 4 ? 0.1 : 0.01 * Math.sin(i)));
  const y = b.node(
    'Conv',
    [b.node('Relu', [x]), b.floats([16, 8, 3, 3], mixing)],
    { pads: [1, 1, 1, 1] },
    { name: 'middle' },
  );
  const bands = b.node('ReduceMean', [y], { axes: [1, 3], keepdims: 0 });
  const weights = Array.from({ length: 16 }, (_, i) => (Math.floor(i / 2) < 4 === (i % 2 === 0) ? 1 : -1));
  b.output(b.node('Gemm', [bands, b.floats([8, 2], weights)], {}, { outputs: ['scores'] }), ['N', 2]);
  return serializeModel(b.build());
}

/** A tone in some noise, at a rate that the model does not use. */
function tone(hertz: number, seed: number, sampleRate = 22050): Uint8Array {
  const samples = Float32Array.from({ length: sampleRate / 2 }, (_, n) => {
    return 0.3 * Math.sin((2 * Math.PI * hertz * n) / sampleRate) + 0.01 * Math.sin(n * n * (seed + 1));
  });
  return encodeWav({ samples, sampleRate });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lutra-audio-'));
  const metadata = { [METADATA.preprocess]: JSON.stringify(SPEC), [METADATA.labels]: JSON.stringify(LABELS) };
  writeFileSync(at('pitch.onnx'), pitchModel(metadata));
  writeFileSync(at('bare.onnx'), pitchModel({}));
  writeFileSync(at('features.json'), JSON.stringify(SPEC));
  mkdirSync(at('set'));
  for (let i = 0; i < 6; i++) {
    writeFileSync(at(`set/low_ann_${i}.wav`), tone(LOW + 40 * i, i));
    writeFileSync(at(`set/high_bob_${i}.wav`), tone(HIGH + 100 * i, i));
  }
  writeFileSync(at('text.wav'), 'not a recording');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a network that takes sound', () => {
  it('names the classes of a recording', async () => {
    const { code, stdout } = await lutra('run', at('pitch.onnx'), at('set/high_bob_0.wav'));
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/ % {2}high$/);
  });

  it('is evaluated on all speakers or on some', async () => {
    const all = await lutra('eval', at('pitch.onnx'), '--data', at('set'), '--json');
    expect(JSON.parse(all.stdout)).toEqual({ metric: 'accuracy', value: 1, n: 12 });
    const ann = await lutra('eval', at('pitch.onnx'), '--data', at('set'), '--json', '--speaker', 'ann');
    expect(JSON.parse(ann.stdout)).toEqual({ metric: 'accuracy', value: 1, n: 6 });
    const eve = await lutra('eval', at('pitch.onnx'), '--data', at('set'), '--speaker', 'eve');
    expect([eve.code, eve.stderr]).toEqual([1, expect.stringMatching(/no such speaker/)]);
  });

  it('is converted with recordings, and keeps its front-end', async () => {
    const flags = ['--calibration', at('set'), '--layers', 'middle', '--geometry', 'patch', '--k', '16'];
    const { code, stderr } = await lutra('convert', at('pitch.onnx'), '-o', at('lut.onnx'), ...flags);
    expect([code, stderr]).toEqual([0, expect.stringContaining('relative error')]);
    expect(JSON.parse(parseModel(readFileSync(at('lut.onnx'))).metadata[METADATA.preprocess]!)).toEqual(SPEC);
    const { stdout } = await lutra('eval', at('lut.onnx'), '--data', at('set'), '--json');
    expect(JSON.parse(stdout).value).toBeGreaterThan(0.9);
  });

  it('may be told its front-end', async () => {
    const flags = ['--features', at('features.json'), '--labels', LABELS.join(',')];
    const told = await lutra('run', at('bare.onnx'), at('set/low_ann_0.wav'), ...flags);
    expect(told.stdout.split('\n')[0]).toMatch(/ % {2}low$/);
    const converted = await lutra('convert', at('bare.onnx'), '-o', at('told.onnx'), '--layers', 'none', ...flags);
    expect(converted.code).toBe(0);
    expect((await lutra('run', at('told.onnx'), at('set/low_ann_0.wav'))).stdout).toBe(told.stdout);
  });

  it.each([
    ['a file that is no recording', ['run', 'pitch.onnx', 'text.wav'], 1, /text\.wav is not a WAV file/],
    ['flags for images', ['run', 'pitch.onnx', 'text.wav', '--mean', '0.5'], 2, /--mean is for images/],
    [
      'mirrored sound',
      ['convert', 'pitch.onnx', '-o', 'x.onnx', '--calibration', 'set', '--mirror', 'yes'],
      2,
      /images/,
    ],
    ['a missing front-end', ['run', 'bare.onnx', 'text.wav', '--features', 'nowhere.json'], 1, /cannot be read/],
    ['a broken front-end', ['run', 'bare.onnx', 'text.wav', '--features', 'text.wav'], 1, /--features/],
  ])('refuses %s', async (_, argv, expected, message) => {
    const { code, stderr } = await lutra(
      ...argv.map((word) => (/\.(onnx|wav|json)$|^set$/.test(word) ? at(word) : word)),
    );
    expect([code, stderr]).toEqual([expected, expect.stringMatching(message)]);
  });

  it('refuses a front-end of another size', async () => {
    writeFileSync(at('wide.json'), JSON.stringify({ ...SPEC, mels: 9 }));
    const { code, stderr } = await lutra(
      'run',
      at('bare.onnx'),
      at('set/low_ann_0.wav'),
      '--features',
      at('wide.json'),
    );
    expect([code, stderr]).toEqual([1, expect.stringMatching(/does not fit.*\[N,1,8,16\].*\[N,1,9,16\]/)]);
  });
});
