import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../convert/random.js';
import type { Dataset } from '../../data/dataset.js';
import type { ImagePreprocess } from '../../graph/metadata.js';
import { KEYWORD_FEATURES } from '../../speech/spec.js';
import { plainInputs, trainingBatch } from './batch.js';
import { channelStatistics, imageSet, readImages } from './images.js';
import { joinDatasets } from './join.js';
import { ShuffledPasses } from './order.js';
import { recordingSet } from './recordings.js';
import { holdOut, holdOutGroups } from './split.js';
import type { TrainingSet } from './training-set.js';

function labelledSet(labels: readonly number[], groups?: readonly string[]): TrainingSet {
  return {
    description: 'numbers',
    count: labels.length,
    classes: ['a', 'b', 'c'],
    labels: Int32Array.from(labels),
    ...(groups ? { groups } : {}),
    inputDims: [2],
    preprocess: KEYWORD_FEATURES,
    write(index, out, to, variation) {
      out[to] = index;
      out[to + 1] = variation ? variation.random() : -1;
    },
  };
}

describe('holdOut', () => {
  it('takes the same share of every class and every example once', () => {
    const labels = Array.from({ length: 300 }, (_, i) => Math.min(2, Math.floor(i / 120)));
    const { train, validation } = holdOut(labelledSet(labels), 0.1, 7);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    const count = (label: number) => validation.filter((i) => labels[i] === label).length;
    expect([count(0), count(1), count(2)]).toEqual([12, 12, 6]);
    expect(holdOut(labelledSet(labels), 0.1, 7).validation).toEqual(validation);
  });

  it('keeps all of a speaker on one side', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('anna', 'ben', 'cleo', 'dan'), { minLength: 20, maxLength: 60 }),
        fc.integer(),
        (speakers, seed) => {
          const set = labelledSet(
            speakers.map((_, i) => i % 3),
            speakers,
          );
          fc.pre(new Set(speakers).size > 2);
          const { train, validation } = holdOut(set, 0.2, seed);
          const out = new Set([...validation].map((i) => speakers[i]));
          expect([...train].some((i) => out.has(speakers[i]!))).toBe(false);
          expect(validation.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('holds out speakers by name, and names those there are when one is unknown', () => {
    const set = labelledSet([0, 1, 2, 0], ['anna', 'ben', 'anna', 'cleo']);
    expect([...holdOutGroups(set, ['anna']).validation]).toEqual([0, 2]);
    expect(() => holdOutGroups(set, ['zoe'])).toThrow(/anna, ben, cleo/);
    expect(() => holdOutGroups(set, ['anna', 'ben', 'cleo'])).toThrow(/cannot be held out/);
    expect(() => holdOut(labelledSet([0, 1], ['anna', 'anna']), 0.5, 1)).toThrow(/leaves nothing to train on/);
  });
});

describe('ShuffledPasses', () => {
  it('gives every example once per pass, in another order each time, wherever reading starts', () => {
    const indices = Int32Array.from({ length: 50 }, (_, i) => 3 * i);
    const passes = new ShuffledPasses(indices, 5);
    const read = (p: ShuffledPasses, pass: number) => Array.from({ length: 50 }, (_, i) => p.at(50 * pass + i).index);
    const [first, second] = [read(passes, 0), read(passes, 1)];
    expect([...first].sort((a, b) => a - b)).toEqual([...indices]);
    expect([...second].sort((a, b) => a - b)).toEqual([...indices]);
    expect(second).not.toEqual(first);
    expect(read(new ShuffledPasses(indices, 5), 1)).toEqual(second);
    expect(passes.at(120).epoch).toBe(2);
  });
});

describe('trainingBatch', () => {
  const set = labelledSet(Array.from({ length: 10 }, (_, i) => i % 3));
  const passes = () =>
    new ShuffledPasses(
      Int32Array.from({ length: 10 }, (_, i) => i),
      1,
    );

  it('is the same at every call, also after other batches', () => {
    const one = passes();
    trainingBatch(set, one, 0, 4, 9);
    const later = trainingBatch(set, one, 3, 4, 9);
    expect(trainingBatch(set, passes(), 3, 4, 9)).toEqual(later);
    expect(trainingBatch(set, passes(), 3, 4, 10).input).not.toEqual(later.input);
  });

  it('marks the class of each example', () => {
    const { input, target } = trainingBatch(set, passes(), 0, 5, 1);
    for (let n = 0; n < 5; n++) {
      const index = input.data[2 * n] as number;
      const row = [...(target.data as Float32Array).subarray(3 * n, 3 * n + 3)];
      expect(row).toEqual([0, 1, 2].map((k) => (k === index % 3 ? 1 : 0)));
    }
  });
});

describe('imageSet', () => {
  const [width, height] = [5, 4];
  const spec: ImagePreprocess = {
    kind: 'image',
    width,
    height,
    channels: 1,
    scale: 1,
    mean: [0],
    std: [1],
    resize: 'bilinear',
    layout: 'nchw',
  };
  const bytes = Uint8Array.from({ length: 2 * width * height }, (_, i) => i);
  const images = { description: 'ramp', labels: Int32Array.of(0, 1), classes: ['a', 'b'], bytes };

  it('writes the image itself for evaluation', () => {
    const { data } = plainInputs(imageSet(images, spec), [1, 0]);
    expect([...(data as Float32Array)]).toEqual([...bytes.subarray(20), ...bytes.subarray(0, 20)]);
  });

  it('moves by at most the shift with mirrored edges, and flips at every other pass', () => {
    const set = imageSet(images, spec, { shift: 1, mirror: true });
    const pixel = (x: number, y: number) => y * width + x;
    const mirrored = (i: number, size: number) => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
    const variants: number[][] = [];
    for (const flip of [0, 1])
      for (const dx of [-1, 0, 1])
        for (const dy of [-1, 0, 1])
          variants.push(
            Array.from({ length: 20 }, (_, i) => {
              const x = mirrored((i % width) + dx, width);
              return pixel(flip ? width - 1 - x : x, mirrored(Math.floor(i / width) + dy, height));
            }),
          );
    const out = new Float32Array(20);
    const seen = new Set<number>();
    const random = seededRandom(1);
    for (let epoch = 0; epoch < 200; epoch++) {
      set.write(0, out, 0, { random, epoch });
      const found = variants.findIndex((variant) => variant.every((value, i) => value === out[i]));
      expect(found).toBeGreaterThanOrEqual(0);
      expect(found >= 9).toBe(epoch % 2 === 1 ? !firstFlips(set) : firstFlips(set));
      seen.add(found);
    }
    expect(seen.size).toBe(18);
  });

  it('turns and enlarges, up to what it is given', () => {
    const set = imageSet(images, spec, { shift: 0, mirror: false, rotate: 180, zoom: 0.5 });
    const out = new Float32Array(20);
    const written = (...numbers: number[]) => {
      let drawn = 0;
      // The first two numbers are for the shift.
      set.write(0, out, 0, { random: () => [0, 0, ...numbers][drawn++] ?? 0, epoch: 0 });
      return [...out];
    };
    expect(written(0.5, 0.5)).toEqual([...bytes.subarray(0, 20)]);
    const upsideDown = written(1 - 1e-12, 0.5);
    for (const [i, value] of upsideDown.entries()) expect(value).toBeCloseTo(19 - i, 3);
    const larger = written(0.5, 1 - 1e-12);
    // From one column to the next the original rises by 1.
    expect(larger[2]! - larger[1]!).toBeCloseTo(1 / 1.5, 3);
  });

  /** Whether image 0 is flipped in the first pass. */
  function firstFlips(set: TrainingSet): boolean {
    const out = new Float32Array(20);
    set.write(0, out, 0, { random: () => 0.5, epoch: 0 });
    return out[0] === width - 1;
  }

  it('reads channels in planes and finds their mean and deviation', async () => {
    const dataset: Dataset = {
      description: 'two',
      count: 2,
      classes: ['a', 'b'],
      labels: Int32Array.of(0, 1),
      async *samples(indices) {
        for (const i of indices) {
          const pixels = Uint8Array.from({ length: 12 }, (_, k) => (k % 3) * 50 + i * 10);
          yield { kind: 'image', name: `${i}`, label: i, image: { width: 2, height: 2, channels: 3, pixels } };
        }
      },
    };
    const read = await readImages(dataset, { width: 2, height: 2, channels: 3 });
    expect([...read.bytes.subarray(12)]).toEqual([10, 10, 10, 10, 60, 60, 60, 60, 110, 110, 110, 110]);
    const { mean, std } = channelStatistics(read.bytes, 3, 4);
    expect(mean).toEqual([5, 55, 105].map((x) => Math.round((x / 255) * 1e4) / 1e4));
    expect(std[0]).toBeCloseTo(5 / 255, 4);
  });

  it('refuses data without labels, and of one class', async () => {
    const dataset = (labels?: Int32Array): Dataset => ({
      description: 'set',
      count: 2,
      ...(labels ? { labels } : {}),
      async *samples() {},
    });
    const size = { width: 2, height: 2, channels: 3 } as const;
    await expect(readImages(dataset(), size)).rejects.toThrow(/no labels/);
    await expect(readImages(dataset(Int32Array.of(1, 1)), size)).rejects.toThrow(/same label/);
  });
});

describe('recordingSet', () => {
  const signal = Float32Array.from(
    { length: 16000 },
    (_, i) => Math.sin(i / 20) * Math.exp(-(((i - 8000) / 3000) ** 2)),
  );
  const recordings = {
    description: 'tone',
    classes: ['a', 'b'],
    labels: Int32Array.of(0),
    speakers: ['x'],
    signals: [signal],
    names: ['tone'],
  };

  it('varies by the numbers it is given alone', () => {
    const set = recordingSet(recordings, KEYWORD_FEATURES, { backgrounds: [signal] });
    const write = (seed: number) => {
      const out = new Float32Array(40 * 64);
      set.write(0, out, 0, { random: seededRandom(seed), epoch: 0 });
      return out;
    };
    expect(write(4)).toEqual(write(4));
    expect(write(5)).not.toEqual(write(4));
    expect(write(6).every(Number.isFinite)).toBe(true);
  });

  it('changes nothing when every variation is switched off', () => {
    const set = recordingSet(recordings, KEYWORD_FEATURES, { shift: 0, speed: 0, noise: 0, masks: [0, 0] });
    const varied = new Float32Array(40 * 64);
    set.write(0, varied, 0, { random: seededRandom(1), epoch: 0 });
    const plain = plainInputs(set, [0]).data as Float32Array;
    const difference = varied.reduce((sum, value, i) => sum + Math.abs(value - plain[i]!), 0) / varied.length;
    expect(difference).toBeLessThan(1e-3);
  });
});

describe('joinDatasets', () => {
  const part = (name: string, count: number, classes = ['a', 'b']): Dataset => ({
    description: name,
    count,
    classes,
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
    async *samples(indices) {
      for (const i of indices) {
        const tensor = { type: 'float32', dims: [1], data: Float32Array.of(i) } as const;
        yield { kind: 'tensor', name: `${name}${i}`, label: i % 2, tensor };
      }
    },
  });

  it('reads across the parts in the order asked for', async () => {
    const joined = joinDatasets([part('x', 3), part('y', 2)]);
    const names: string[] = [];
    for await (const { name } of joined.samples([4, 0, 1, 3, 2])) names.push(name);
    expect(names).toEqual(['y1', 'x0', 'x1', 'y0', 'x2']);
    expect([...joined.labels!]).toEqual([0, 1, 0, 0, 1]);
  });

  it('refuses other classes', () => {
    expect(() => joinDatasets([part('x', 1), part('y', 1, ['a', 'c'])])).toThrow(/does not go with/);
  });
});
