import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEYWORD_FEATURES } from '../speech/spec.js';
import { encodeWav } from '../speech/wav.js';
import { batches } from './batches.js';
import type { Dataset, Sample } from './dataset.js';
import { openDataset } from './node-open.js';
import { ofSpeakers } from './subset.js';

const SHARED = '../shared/data';
let folder: string;

function put(path: string, bytes: Uint8Array | string): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, bytes);
  return full;
}

/** A WAV that holds one value, so that a recording says which file it came from. */
const wav = (value: number) => encodeWav({ samples: Float32Array.of(value, value), sampleRate: 8000 });

/** A pack of clips; every sample of clip i is the code i. */
function pack(labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * 16001);
  bytes.set(labels);
  for (let i = 0; i < labels.length; i++) bytes.fill(i, labels.length + i * 16000, labels.length + (i + 1) * 16000);
  return bytes;
}

async function readAll(dataset: Dataset): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of dataset.samples(Array(dataset.count).keys())) samples.push(sample);
  return samples;
}

const firstValue = (sample: Sample) => (sample.kind === 'recording' ? sample.recording.samples[0] : undefined);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lutra-recordings-'));
  put('digits/recordings/0_ann_0.wav', wav(0.5));
  put('digits/recordings/7_ann_0.wav', wav(0.25));
  put('digits/recordings/7_bob_12.wav', wav(0.125));
  put('words/go/ab12_nohash_0.wav', wav(0.5));
  put('words/stop/cd34_nohash_1.wav', wav(0.25));
  put('plain/a.wav', wav(0.5));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('WAV files', () => {
  it('name their class and speaker where they lie in no class folder', async () => {
    const dataset = await openDataset(join(folder, 'digits'));
    expect(dataset.description).toBe('digits: 3 recordings in 2 classes');
    expect([dataset.classes, [...dataset.labels!], dataset.speakers]).toEqual([
      ['0', '7'],
      [0, 1, 1],
      ['ann', 'ann', 'bob'],
    ]);
    expect((await readAll(dataset)).map(firstValue)).toEqual([0.5, 0.25, 0.125]);
  });

  it('match the classes of a model that spells its digits out', async () => {
    const labels = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
    expect([...(await openDataset(join(folder, 'digits'), labels)).labels!]).toEqual([0, 7, 7]);
    await expect(openDataset(join(folder, 'digits'), labels.slice(0, 5))).rejects.toThrow(
      /classes of the data are not classes of the model.*7/,
    );
  });

  it('lie in class folders, too', async () => {
    const dataset = await openDataset(join(folder, 'words'), ['stop', 'go']);
    expect([[...dataset.labels!], dataset.speakers]).toEqual([
      [1, 0],
      ['ab12', 'cd34'],
    ]);
  });

  it('have neither class nor speaker where nothing states it', async () => {
    const { labels, speakers, count } = await openDataset(join(folder, 'plain'));
    expect([labels, speakers, count]).toEqual([undefined, undefined, 1]);
  });

  it('can be those of some speakers only', async () => {
    const dataset = ofSpeakers(await openDataset(join(folder, 'digits')), ['bob']);
    expect([dataset.count, [...dataset.labels!], dataset.speakers]).toEqual([1, [1], ['bob']]);
    expect((await readAll(dataset)).map(firstValue)).toEqual([0.125]);
    expect(() => ofSpeakers(dataset, ['eve'])).toThrow(/no such speaker.*expected bob, got eve/);
    const unnamed = await openDataset(join(folder, 'plain'));
    expect(() => ofSpeakers(unnamed, ['bob'])).toThrow(/speakers are not named/);
  });

  it('become input of the shape that the network takes, resampled', async () => {
    const dataset = await openDataset(join(folder, 'digits'));
    for await (const { input, labels } of batches(dataset, [2, 0], 2, KEYWORD_FEATURES)) {
      expect([input.dims, [...labels!]]).toEqual([
        [2, 1, 40, 64],
        [1, 0],
      ]);
    }
  });

  it('are refused by a network for images, and images by one for sound', async () => {
    const dataset = await openDataset(join(folder, 'digits'));
    await expect(batches(dataset, [0], 1, undefined).next()).rejects.toThrow(/recording, which the network does not/);
    put('mixed/cat/a.wav', wav(1));
    put('mixed/cat/a.png', 'x');
    await expect(openDataset(join(folder, 'mixed'))).rejects.toThrow(/both images and recordings/);
  });

  it('that are damaged are named', async () => {
    put('bad/recordings/1_ann_0.wav', wav(0.5).subarray(0, 40));
    const reading = openDataset(join(folder, 'bad')).then(readAll);
    await expect(reading).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('1_ann_0.wav'),
    });
  });
});

describe('packs of µ-law clips', () => {
  const labels = JSON.stringify(['quiet', 'no', 'yes']);
  const table = 'index\tlabel\tspeaker\tsource\n0\tyes\tann\tyes/1.wav\n1\tno\tbob\tno/1.wav\n';

  it('take class names, speakers and sources from the files beside them', async () => {
    put('pack/labels.json', labels);
    put('pack/a.tsv', table);
    const dataset = await openDataset(put('pack/a.ulaw.gz', gzipSync(pack([2, 1]))), ['yes', 'no', '?']);
    expect([[...dataset.labels!], dataset.speakers, dataset.classes]).toEqual([
      [0, 1],
      ['ann', 'bob'],
      ['yes', 'no', '?'],
    ]);
    const [first, second] = await readAll(dataset);
    expect([first!.name, second!.name]).toEqual(['yes/1.wav', 'no/1.wav']);
    expect(firstValue(first!)).toBeCloseTo(-32124 / 32768, 6);
    expect(second).toMatchObject({ label: 1, recording: { sampleRate: 16000 } });
  });

  it('do without those files', async () => {
    const dataset = await openDataset(put('bare/b.ulaw', pack([2, 0])));
    expect([[...dataset.labels!], dataset.speakers]).toEqual([[2, 0], undefined]);
  });

  it.each([
    ['of a wrong length', pack([1]).subarray(1), labels, undefined, /multiple of 16001/],
    ['of nothing', new Uint8Array(0), labels, undefined, /not a pack/],
    ['with an unknown label', pack([3]), labels, undefined, /clip 0 has a wrong label/],
    ['with a table of another length', pack([0]), labels, table, /differ in number/],
    ['beside broken class names', pack([0]), '{', undefined, /labels\.json is not JSON/],
    ['beside class names of another kind', pack([0]), '{"a":1}', undefined, /not an array of class names/],
  ])('%s are refused', async (name, bytes, classes, rows, message) => {
    put(`${name}/labels.json`, classes);
    if (rows) put(`${name}/c.tsv`, rows);
    await expect(openDataset(put(`${name}/c.ulaw`, bytes))).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringMatching(message),
    });
  });
});

describe.skipIf(!existsSync(`${SHARED}/fsdd`))('the sets at hand', () => {
  it('FSDD', async () => {
    const dataset = await openDataset(`${SHARED}/fsdd/recordings.tar.gz`);
    expect([dataset.count, dataset.classes!.length, new Set(dataset.speakers).size]).toEqual([2500, 10, 5]);
  });

  it('Speech Commands', async () => {
    const dataset = await openDataset(`${SHARED}/speech-commands/test.ulaw.gz`);
    expect([dataset.count, dataset.classes![2]]).toEqual([720, 'yes']);
    const { value } = await batches(dataset, [0, 1, 2], 3, KEYWORD_FEATURES).next();
    expect(value?.input.dims).toEqual([3, 1, 40, 64]);
    expect(value?.input.data.every(Number.isFinite)).toBe(true);
  });
});
