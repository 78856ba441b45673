import fc from 'fast-check';
import { expect, it } from 'vitest';
import { windowIndices } from './columns.js';

const axis = fc.record({
  input: fc.integer({ min: 1, max: 6 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  strides: fc.integer({ min: 1, max: 3 }),
  dilations: fc.integer({ min: 1, max: 2 }),
  begins: fc.integer({ min: 0, max: 2 }),
  output: fc.integer({ min: 1, max: 4 }),
});

it('names the pixel under every tap, and one past the last where there is none', () => {
  fc.assert(
    fc.property(axis, axis, fc.integer({ min: 1, max: 2 }), (rows, columns, batch) => {
      const lists = (name: keyof typeof rows) => [rows[name], columns[name]];
      const found = windowIndices(
        {
          input: lists('input'),
          kernel: lists('kernel'),
          strides: lists('strides'),
          dilations: lists('dilations'),
          begins: lists('begins'),
          ends: [0, 0],
          output: lists('output'),
        },
        batch,
      );
      const pixels = rows.input * columns.input;
      const expected: number[] = [];
      for (let n = 0; n < batch; n++) {
        for (let y = 0; y < rows.output; y++) {
          for (let x = 0; x < columns.output; x++) {
            for (let i = 0; i < rows.kernel; i++) {
              for (let j = 0; j < columns.kernel; j++) {
                const v = y * rows.strides + i * rows.dilations - rows.begins;
                const u = x * columns.strides + j * columns.dilations - columns.begins;
                const inside = v >= 0 && v < rows.input && u >= 0 && u < columns.input;
                expected.push(inside ? n * pixels + v * columns.input + u : batch * pixels);
              }
            }
          }
        }
      }
      expect(Array.from(found)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});
