import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImagePreprocess } from '../graph/metadata.js';
import { batches } from './batches.js';
import type { Dataset, Sample } from './dataset.js';
import { decodeImage } from './node-decode.js';
import { openDataset } from './node-open.js';
import { serializeNpy, serializeNpz } from './npy.js';

const SHARED = '../shared/data';
let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

function put(path: string, bytes: Uint8Array | string): string {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), bytes);
  return at(path);
}

/** A PNG of one colour, so that an image says which file it came from. */
function png(red: number, width = 4, height = 4): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: { r: red, g: 0, b: 0 } } })
    .png()
    .toBuffer();
}

async function readAll(dataset: Dataset, indices: Iterable<number> = Array(dataset.count).keys()): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of dataset.samples(indices)) samples.push(sample);
  return samples;
}

const firstByte = (sample: Sample) => (sample.kind === 'image' ? sample.image.pixels[0] : undefined);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lutra-data-'));
  for (const [path, red] of [
    ['dog/a.png', 1],
    ['cat/b.png', 2],
    ['cat/a.png', 3],
    ['eel/x.png', 4],
  ] as const) {
    put(`set/${path}`, await png(red));
  }
  put('set/README.txt', 'not an image');
  put('set/cat/.hidden.png', 'leftover of a file manager');
  execFileSync('tar', ['-czf', at('set.tar.gz'), '-C', folder, 'set']);
  execFileSync('tar', ['-cf', at('here.tar'), '-C', at('set'), '.']);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('class folders', () => {
  it.each(['set', 'set.tar.gz', 'here.tar'])('%s: sorted classes, images by path', async (name) => {
    const dataset = await openDataset(at(name));
    expect(dataset.classes).toEqual(['cat', 'dog', 'eel']);
    expect([...dataset.labels!]).toEqual([0, 0, 1, 2]);
    const samples = await readAll(dataset);
    expect(samples.map(firstByte)).toEqual([3, 2, 1, 4]);
    expect(samples.map(({ label }) => label)).toEqual([0, 0, 1, 2]);
    expect((await readAll(dataset, [3, 0, 3])).map(firstByte)).toEqual([4, 3, 4]);
  });

  it('follows links, and takes folders in any spelling', async () => {
    mkdirSync(at('linked'));
    for (const name of ['cat', 'dog']) symlinkSync(at('set', name), at('linked', name));
    for (const path of [at('linked'), `${at('linked')}/`, `${folder}/./set/../linked`]) {
      const dataset = await openDataset(path);
      expect([dataset.count, dataset.classes]).toEqual([3, ['cat', 'dog']]);
      expect(dataset.description).toBe('linked: 3 images in 2 classes');
    }
    symlinkSync(at('linked'), at('linked', 'self'));
    await expect(openDataset(at('linked'))).rejects.toThrow(/nested too deep/);
  });

  it('follows the order of the model where it names its classes', async () => {
    const dataset = await openDataset(at('set'), ['eel', 'fox', 'dog', 'cat']);
    expect([...dataset.labels!]).toEqual([3, 3, 2, 0]);
  });

  it('has no labels where the images lie in no class folder', async () => {
    const dataset = await openDataset(at('set', 'cat'));
    expect([dataset.count, dataset.labels, dataset.classes]).toEqual([2, undefined, undefined]);
  });

  it('reads more images than it decodes at a time, in order', async () => {
    const dataset = await openDataset(at('set'));
    const order = Array.from({ length: 50 }, (_, i) => (i * 3) % 4);
    expect((await readAll(dataset, order)).map(firstByte)).toEqual(order.map((i) => [3, 2, 1, 4][i]));
  });
});

describe('other formats', () => {
  it('reads CIFAR-10 binary, gzipped or not', async () => {
    const record = new Uint8Array(3073).fill(9, 1);
    record[0] = 7;
    for (const path of [put('c.bin', record), put('c.bin.gz', gzipSync(record))]) {
      const [sample] = await readAll(await openDataset(path));
      expect(sample).toMatchObject({ kind: 'image', label: 7, image: { width: 32, height: 32, channels: 3 } });
    }
  });

  it('finds the labels of IDX images by name', async () => {
    const images = put(
      't-images-idx3-ubyte.gz',
      gzipSync(Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4)),
    );
    put('t-labels-idx1-ubyte', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 5, 6));
    const samples = await readAll(await openDataset(images));
    expect(samples.map(({ label }) => label)).toEqual([5, 6]);
    expect(samples[1]).toMatchObject({ image: { width: 2, height: 1, channels: 1, pixels: Uint8Array.of(3, 4) } });
  });

  it('takes uint8 arrays as images, channels first or last, and floats as inputs', async () => {
    const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const y = { type: 'int64', dims: [1], data: BigInt64Array.of(2n) } as const;
    const first = put(
      'first.npz',
      serializeNpz([
        ['x', { type: 'uint8', dims: [1, 3, 1, 2], data: pixels }],
        ['y', y],
      ]),
    );
    expect((await readAll(await openDataset(first)))[0]).toMatchObject({
      label: 2,
      image: { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(1, 3, 5, 2, 4, 6) },
    });
    const floats = put(
      'floats.npy',
      serializeNpy({ type: 'float32', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }),
    );
    expect((await readAll(await openDataset(floats)))[1]).toMatchObject({
      kind: 'tensor',
      tensor: { type: 'float32', dims: [3], data: Float32Array.of(4, 5, 6) },
    });
  });
});

describe('batches', () => {
  const spec: ImagePreprocess = {
    kind: 'image',
    width: 1,
    height: 1,
    channels: 3,
    scale: 1,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    resize: 'bilinear',
    layout: 'nchw',
  };

  it('stack images, the last batch being smaller', async () => {
    const dataset = await openDataset(at('set'));
    const seen = [];
    for await (const batch of batches(dataset, [0, 1, 2, 3, 0], 2, spec)) seen.push(batch);
    expect(seen.map(({ input }) => input.dims)).toEqual([
      [2, 3, 1, 1],
      [2, 3, 1, 1],
      [1, 3, 1, 1],
    ]);
    expect(seen.map(({ labels }) => [...labels!])).toEqual([[0, 0], [1, 2], [0]]);
    expect([...(seen[1]!.input.data as Float32Array)]).toEqual([1, 0, 0, 4, 0, 0]);
  });

  it('say when a network takes no images', async () => {
    const dataset = await openDataset(at('set'));
    await expect(batches(dataset, [0], 1, undefined).next()).rejects.toThrow(
      /an image, which the network does not take/,
    );
  });
});

describe('bad data is refused by name', () => {
  const refused = async (path: string, message: RegExp, labels?: string[]) => {
    const reading = openDataset(path, labels).then((dataset) => readAll(dataset));
    await expect(reading).rejects.toMatchObject({ code: 'INVALID_DATA', message: expect.stringMatching(message) });
  };

  it('a missing file', () => refused(at('nowhere'), /nowhere cannot be read/));
  it('a folder that is not a class of the model', () =>
    refused(at('set'), /classes of the data are not classes of the model.*eel/, ['cat', 'dog']));
  it('an empty class folder', async () => {
    put('half/cat/a.png', await png(1));
    mkdirSync(at('half/dog'));
    await refused(at('half'), /dog holds no image/);
  });
  it('a folder without images', () => refused(join(put('text/a.txt', 'x'), '..'), /text holds no image/));
  it('two splits at once', async () => {
    put('splits/train/cat/a.png', await png(1));
    put('splits/test/cat/a.png', await png(1));
    await refused(at('splits'), /not all in class folders side by side/);
  });
  it('a corrupt image', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, k) => (k * k * 31) % 256);
    const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    put('corrupt/cat/a.jpg', jpeg.subarray(0, jpeg.length >> 1));
    put('corrupt/dog/a.jpg', 'no image');
    await refused(at('corrupt'), /corrupt\/cat\/a\.jpg cannot be decoded/);
  });
  it('a truncated gzip file', () =>
    refused(put('cut.tar.gz', readFileSync(at('set.tar.gz')).subarray(0, 200)), /cut\.tar\.gz is truncated/));
  it('HTML', () => refused(put('page.npz', '<!doctype html>'), /no known format.*got HTML/));
  it('an empty file', () => refused(put('empty.bin', ''), /an empty file/));
  it('a CIFAR file of a wrong size', () =>
    refused(put('odd.bin', new Uint8Array(3074).fill(1)), /odd\.bin is not a CIFAR-10/));
  it('labels of another number', () => {
    const x = { type: 'uint8', dims: [2, 1, 1], data: Uint8Array.of(1, 2) } as const;
    const y = { type: 'int64', dims: [1], data: BigInt64Array.of(0n) } as const;
    return refused(
      put(
        'uneven.npz',
        serializeNpz([
          ['x', x],
          ['y', y],
        ]),
      ),
      /differ in number/,
    );
  });
  it('labels the model does not have', () => {
    const x = { type: 'uint8', dims: [1, 1, 1], data: Uint8Array.of(1) } as const;
    const y = { type: 'uint8', dims: [1], data: Uint8Array.of(3) } as const;
    return refused(
      put(
        'label.npz',
        serializeNpz([
          ['x', x],
          ['y', y],
        ]),
      ),
      /expected 0\.\.1, got 3/,
      ['a', 'b'],
    );
  });
  it('arrays without inputs', () => {
    const y = { type: 'uint8', dims: [1], data: Uint8Array.of(3) } as const;
    return refused(put('no-x.npz', serializeNpz([['weights', y]])), /got weights/);
  });
});

describe('decodeImage', () => {
  it('drops alpha, repeats grey, turns upright', async () => {
    const rgba = await sharp({
      create: { width: 2, height: 1, channels: 4, background: { r: 9, g: 8, b: 7, alpha: 0.5 } },
    })
      .png()
      .toBuffer();
    expect([...(await decodeImage(rgba, 'f')).pixels]).toEqual([9, 8, 7, 9, 8, 7]);
    const grey = await sharp(Buffer.from([1, 2, 3, 4, 5, 6]), { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect(await decodeImage(grey, 'f')).toMatchObject({
      width: 3,
      height: 2,
      channels: 3,
      pixels: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((v) => [v, v, v])),
    });
    const turned = await sharp(await png(5, 3, 2))
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    expect(await decodeImage(turned, 'f')).toMatchObject({ width: 2, height: 3 });
  });
});

describe.skipIf(!existsSync(SHARED))('shared data', () => {
  it('opens every pack', async () => {
    const labels = JSON.parse(readFileSync(`${SHARED}/cifar10/labels.json`, 'utf8')) as string[];
    const packs = [
      ['cifar10/test_a.tar.gz', 5000, [0, 500, 4999], [0, 1, 9]],
      ['cifar10/original_test_first1000.bin.gz', 1000, [0, 1, 2], [3, 8, 8]],
      ['mnist/t10k-first5000-images-idx3-ubyte.gz', 5000, [0, 1, 2], [7, 2, 1]],
    ] as const;
    for (const [path, count, indices, expected] of packs) {
      const dataset = await openDataset(`${SHARED}/${path}`, path.includes('cifar') ? labels : undefined);
      expect(dataset.count).toBe(count);
      expect((await readAll(dataset, indices)).map(({ label }) => label)).toEqual(expected);
    }
  });
});
