import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocate } from '../graph/tensor.js';
import type { TensorValue } from '../graph/types.js';
import { cifarImage, cifarLabels } from './cifar.js';
import { labelFileName, parseIdx } from './idx.js';
import { parseNpy, parseNpz, serializeNpy, serializeNpz } from './npy.js';
import { isTarHeader, readTar } from './tar.js';
import { readZip } from './zip.js';

describe('IDX', () => {
  const file = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

  it('reads dimensions and bytes', () => {
    expect(parseIdx(file, 'f')).toEqual({ type: 'uint8', dims: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  });

  it.each([
    ['truncated data', file.subarray(0, 17), /expected 2×3 = 6 bytes, got 5/],
    ['a truncated header', file.subarray(0, 9), /ends inside its IDX header/],
    ['another element type', Uint8Array.of(0, 0, 13, 1, 0, 0, 0, 0), /0x08/],
    ['another file', Uint8Array.of(60, 33, 68, 79, 67, 84, 89, 80), /not an IDX file/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseIdx(bytes, 'f')).toThrow(message);
  });

  it('pairs images with labels by name', () => {
    expect(labelFileName('t10k-images-idx3-ubyte.gz')).toBe('t10k-labels-idx1-ubyte.gz');
    expect(labelFileName('t10k-images.idx3-ubyte')).toBe('t10k-labels.idx1-ubyte');
    expect(labelFileName('digits.bin')).toBeUndefined();
  });
});

describe('CIFAR-10 binary', () => {
  const bytes = Uint8Array.from({ length: 2 * 3073 }, (_, i) => (i % 3073 === 0 ? 3 + Math.floor(i / 3073) : i % 251));

  it('reads labels and interleaves the planes', () => {
    expect([...cifarLabels(bytes, 'f')]).toEqual([3, 4]);
    const { pixels } = cifarImage(bytes, 1);
    for (const [i, c] of [
      [0, 0],
      [0, 2],
      [517, 1],
      [1023, 2],
    ] as const) {
      expect(pixels[i * 3 + c]).toBe(bytes[3073 + 1 + c * 1024 + i]);
    }
  });

  it('refuses other lengths and labels', () => {
    expect(() => cifarLabels(bytes.subarray(1), 'f')).toThrow(/multiple of 3073/);
    expect(() => cifarLabels(new Uint8Array(0), 'f')).toThrow(/multiple of 3073/);
    expect(() => cifarLabels(new Uint8Array(3073).fill(10), 'f')).toThrow(/record 0/);
  });
});

describe('NumPy files', () => {
  const types = ['float32', 'uint8', 'int64', 'float64', 'bool', 'int32'] as const;

  it('come back as they were written', () => {
    const dims = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...types), dims, (type, shape) => {
        const tensor = allocate(type, shape);
        const data = tensor.data as Exclude<TensorValue['data'], string[]>;
        new Uint8Array(data.buffer).set(Array.from({ length: data.byteLength }, (_, i) => (i * 7) % 120));
        expect(parseNpy(serializeNpy(tensor), 'f')).toEqual(tensor);
      }),
      { numRuns: 40 },
    );
  });

  it('are laid out as NumPy writes them', () => {
    const bytes = serializeNpy({ type: 'float32', dims: [3], data: Float32Array.of(1, 2, 3) });
    const header = new TextDecoder('latin1').decode(bytes.subarray(0, 128));
    expect(header.slice(1, 8)).toBe('NUMPY\x01\x00');
    expect(header).toContain("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }");
    expect(bytes.length).toBe(128 + 12);
    expect(header.at(-1)).toBe('\n');
  });

  it('keep their names in an archive', () => {
    const x: TensorValue = { type: 'uint8', dims: [2, 2], data: Uint8Array.of(1, 2, 3, 4) };
    const y: TensorValue = { type: 'int64', dims: [2], data: BigInt64Array.of(5n, -6n) };
    expect(
      parseNpz(
        serializeNpz([
          ['x', x],
          ['y', y],
        ]),
        'f',
      ),
    ).toEqual(
      new Map([
        ['x', x],
        ['y', y],
      ]),
    );
  });

  it.each([
    ['truncated data', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1), /not as long as its shape says/],
    ['truncated header', (bytes: Uint8Array) => bytes.subarray(0, 40), /unreadable .npy header/],
    ['big-endian data', (bytes: Uint8Array) => replaceText(bytes, '<f4', '>f4'), /unsupported NumPy type/],
    ['objects', (bytes: Uint8Array) => replaceText(bytes, '<f4', '|O8'), /unreadable .npy header/],
    ['Fortran order', (bytes: Uint8Array) => replaceText(bytes, 'False', 'True '), /Fortran order/],
  ])('refuse %s', (_, damage, message) => {
    const bytes = serializeNpy({ type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2) });
    expect(() => parseNpy(damage(bytes), 'f')).toThrow(message);
  });

  it('refuse a damaged archive', () => {
    const bytes = serializeNpz([['x', { type: 'uint8', dims: [1], data: Uint8Array.of(1) }]]);
    expect(() => parseNpz(bytes.subarray(0, bytes.length - 10), 'f')).toThrow(/not a readable .npz/);
  });
});

function replaceText(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replace(from, to), 'latin1');
}

describe('tar', () => {
  let folder: string;
  const long = `${'directory/'.repeat(15)}${'n'.repeat(90)}.jpg`;
  const files: Record<string, string> = {
    'a/1.jpg': 'one',
    'b/empty.jpg': '',
    'b/2.jpg': 'x'.repeat(1000),
    [long]: 'deep',
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lutra-tar-'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, 'in', path)), { recursive: true });
      writeFileSync(join(folder, 'in', path), text);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function archive(format: string): Uint8Array {
    const names = ['a', 'b', 'directory'];
    return execFileSync('tar', ['-c', `--format=${format}`, '-C', join(folder, 'in'), ...names], {
      maxBuffer: 1 << 24,
    });
  }

  it.each(['gnu', 'pax', 'ustar'])('reads what tar writes as %s', (format) => {
    const bytes = archive(format);
    expect(isTarHeader(bytes)).toBe(true);
    const read = Object.fromEntries(
      readTar(bytes, 'f').map(({ path, data }) => [path, new TextDecoder().decode(data)]),
    );
    expect(read).toEqual(files);
  });

  it('refuses truncated and broken archives, naming the place', () => {
    const bytes = archive('gnu');
    const at = Buffer.from(bytes).indexOf('xxxx');
    expect(() => readTar(bytes.subarray(0, at + 100), 't.tar')).toThrow(/t\.tar is truncated inside b\/2\.jpg/);
    expect(() => readTar(bytes.subarray(0, at - 100), 't.tar')).toThrow(/ends inside a tar header/);
    const broken = bytes.slice();
    broken[at - 512]! ^= 1;
    expect(() => readTar(broken, 't.tar')).toThrow(/broken tar header at byte/);
  });
});

describe('zip', () => {
  const archive = zipSync({
    'set/cat/1.png': Uint8Array.of(1, 2, 3),
    'set/dog/': new Uint8Array(),
    'set/dog/2.png': Uint8Array.of(4),
    '__MACOSX/set/cat/._1.png': Uint8Array.of(9),
  });

  it('lists files and reads them', async () => {
    const files = readZip(archive, 'f');
    expect(files.map(({ path }) => path)).toEqual(['set/cat/1.png', 'set/dog/2.png']);
    expect(await files[0]!.read()).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('refuses an archive that was cut off', () => {
    expect(() => readZip(archive.subarray(0, archive.length - 10), 'f')).toThrow(/f is not a readable zip archive/);
  });
});
