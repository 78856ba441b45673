import { expect, it } from 'vitest';
import { readArguments } from './arguments.js';

it('measures one thread of every engine named, and two of Lutra against itself', () => {
  expect(readArguments(['--engines', 'lutra,tfjs'])).toMatchObject({
    ...{ engines: ['lutra', 'tfjs'], threads: 1, variants: false, cold: true },
  });
  expect(readArguments(['--variants'])).toMatchObject({
    ...{ engines: ['lutra', 'lutra-dense'], threads: 2, variants: true, cold: false },
  });
  expect(readArguments(['--variants', '--threads', '4', '--engines', 'lutra,ort-f32'])).toMatchObject({
    ...{ engines: ['lutra'], threads: 4 },
  });
});

it('says which option is wrong', () => {
  expect(() => readArguments(['--engines', 'other'])).toThrow(/^--engines other: expected one of lutra,/);
  expect(() => readArguments(['--threads', '0'])).toThrow(/^--threads 0/);
  expect(() => readArguments(['--variants', '--wasm', 'simd'])).toThrow(/^--wasm simd: --variants/);
  expect(() => readArguments(['--variants', '--engines', 'ort-f32'])).toThrow(/^--engines ort-f32: --variants/);
});
