import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TensorValue } from '../graph/types.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, fingerprint } from './checkpoint.js';
import { loadCheckpoint, saveCheckpoint, writeWhole } from './checkpoint-file.js';

const floats = (...data: number[]): TensorValue => ({
  type: 'float32',
  dims: [data.length],
  data: Float32Array.from(data),
});

const example: Checkpoint = {
  identity: 'abc',
  state: {
    step: 12,
    values: new Map([['w', { type: 'float32', dims: [2, 1], data: Float32Array.of(1.5, -0) }]]),
    moments: new Map([['velocity/w', floats(3, 4, 5)]]),
  },
  average: new Map([['w', floats(7)]]),
  best: { step: 8, validation: { count: 4, correct: 3, same: 2, loss: 0.5 }, values: new Map([['w', floats(6)]]) },
  seconds: 61.5,
  history: [
    {
      step: 10,
      epoch: 0.5,
      seconds: 50,
      learningRate: 0.1,
      loss: 2,
      metrics: { accuracy: 0.25 },
      samplesPerSecond: 99,
    },
  ],
};

describe('checkpoints', () => {
  it('come back as they were written, wherever the bytes lie', () => {
    const bytes = encodeCheckpoint(example);
    expect(decodeCheckpoint(bytes, 'file')).toEqual(example);
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(decodeCheckpoint(moved.subarray(3), 'file')).toEqual(example);
    const { data } = decodeCheckpoint(Buffer.from(bytes), 'file').state.values.get('w')!;
    expect((data as Float32Array).byteLength).toBe((data as Float32Array).buffer.byteLength);
  });

  it('are read where they are of an older version, and not where they are newer', () => {
    const { best: _, ...old } = example;
    const changed = (checkpoint: Checkpoint, change: (header: string) => string) => {
      const bytes = Buffer.from(encodeCheckpoint(checkpoint));
      const length = bytes.readUint32LE(8);
      const header = bytes.subarray(12, 12 + length);
      // Names of one length, so that everything stays in its place.
      header.write(change(header.toString()).padEnd(length));
      return bytes;
    };
    const ofVersion = (version: number) => (header: string) => header.replace('"version":3', `"version":${version}`);
    expect(decodeCheckpoint(changed(old, ofVersion(1)), 'file')).toEqual(old);
    const before = changed(example, (header) => ofVersion(2)(header).replaceAll('"validation', '"heldOut'));
    expect(decodeCheckpoint(before, 'file')).toEqual(example);
    expect(() => decodeCheckpoint(changed(old, ofVersion(4)), 'file')).toThrow(/version 4/);
  });

  it('are refused as a whole when a piece is missing or wrong', () => {
    const bytes = encodeCheckpoint(example);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 9 }), (length) => {
        expect(() => decodeCheckpoint(bytes.slice(0, length), 'x.checkpoint')).toThrow(/x\.checkpoint is not a usable/);
      }),
      { numRuns: 40 },
    );
    expect(() => decodeCheckpoint(new Uint8Array(0), 'x')).toThrow(/it is empty/);
    expect(() => decodeCheckpoint(new TextEncoder().encode('<html> no such thing'), 'x')).toThrow(
      /another kind of file/,
    );
  });
});

describe('fingerprint', () => {
  it('tells lists apart', () => {
    expect(fingerprint(['a', [1]], 2)).toBe(fingerprint(['a', [1]], 2));
    expect(fingerprint(['a', [1]], 2)).not.toBe(fingerprint(['a', [2]], 2));
    expect(fingerprint([])).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lutra-checkpoint-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are replaced whole and leave nothing beside them', async () => {
    const path = join(folder, 'run.checkpoint');
    await saveCheckpoint(path, example);
    await saveCheckpoint(path, { ...example, seconds: 99 });
    expect((await loadCheckpoint(path)).seconds).toBe(99);
    expect(readdirSync(folder)).toEqual(['run.checkpoint']);
  });

  it('stay as they were when the new one cannot be written', async () => {
    const path = join(folder, 'run.checkpoint');
    // A folder in the place of the file makes the last step, the renaming, fail.
    mkdirSync(path);
    writeFileSync(join(path, 'kept'), 'good');
    await expect(writeWhole(path, Uint8Array.of(1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readFileSync(join(path, 'kept'), 'utf8')).toBe('good');
    expect(readdirSync(folder)).toEqual(['run.checkpoint']);
    await expect(writeWhole(join(folder, 'none', 'x'), Uint8Array.of(1))).rejects.toThrow(/cannot be written/);
  });

  it('are named when they are missing', async () => {
    await expect(loadCheckpoint(join(folder, 'no'))).rejects.toMatchObject({ code: 'INVALID_DATA' });
  });
});
