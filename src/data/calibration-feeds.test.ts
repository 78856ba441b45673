import { describe, expect, it } from 'vitest';
import { tensorValue } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import { calibrationFeeds, type ExampleFeeds, type ExampleSource } from './calibration-feeds.js';

/** Ten images of 1 × 2 pixels: their index and 100; labels 0, 1, 0, 1, … */
const source: ExampleSource = {
  count: 10,
  labels: Int32Array.from({ length: 10 }, (_, i) => i % 2),
  *inputs(order, batch) {
    for (let at = 0; at < order.length; at += batch) {
      const part = order.slice(at, at + batch);
      yield tensorValue('float32', [part.length, 1, 1, 2], Float32Array.from(part.flatMap((index) => [index, 100])));
    }
  },
};
const random = () => 0.3;

async function read({ feeds }: ExampleFeeds): Promise<number[][]> {
  const seen: TensorValue[] = [];
  for await (const input of feeds) seen.push(input);
  return seen.map(({ data }) => [...(data as Float32Array)]);
}

describe('calibrationFeeds', () => {
  it('draws evenly from all classes, with the labels of what it drew', async () => {
    const { calibration, heldOut } = calibrationFeeds(source, { samples: 6, random });
    const [indices] = (await read(calibration)).map((data) => data.filter((_, i) => i % 2 === 0));
    expect(calibration.labels).toEqual(indices!.map((index) => index % 2));
    expect(calibration.labels!.filter((label) => label === 1)).toHaveLength(3);
    expect(heldOut).toMatchObject({ count: 0, labels: [] });
  });

  it('fills batches of a fixed size and holds examples back', async () => {
    const { calibration, heldOut } = calibrationFeeds(source, { samples: 9, random, batch: 3, heldOut: 4 });
    const shown = await read(calibration);
    const held = await read(heldOut);
    expect([calibration.count, heldOut.count]).toEqual([6, 3]);
    expect(shown.map(({ length }) => length)).toEqual([6, 6]);
    expect(new Set([...shown, ...held].flat()).size).toBe(10);
  });

  it('shows every batch mirrored, too', async () => {
    const { calibration } = calibrationFeeds(source, { samples: 4, random, batch: 2, mirror: 'nchw' });
    const shown = await read(calibration);
    expect(shown).toHaveLength(4);
    expect(shown[1]).toEqual([shown[0]![1], shown[0]![0], shown[0]![3], shown[0]![2]]);
    const [a, b, ...rest] = calibration.labels!;
    expect(rest.slice(0, 2)).toEqual([a, b]);
    expect(calibration.count).toBe(4);
  });
});
