import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_THREADS } from '../shared/controls.js';
import { type DemoState, formatState, parseState } from './state.js';

const DEFAULTS = { engine: 'lut', threads: 'auto', wasm: 'auto' } as const;

describe('address state', () => {
  it('reads back what it wrote', () => {
    const state: fc.Arbitrary<DemoState> = fc.record({
      model: fc.string({ minLength: 1 }),
      engine: fc.constantFrom('lut', 'dense'),
      threads: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: MAX_THREADS })),
      wasm: fc.constantFrom('auto', 'simd', 'relaxed'),
      source: fc.constantFrom('draw', 'images', 'camera'),
    });
    fc.assert(
      fc.property(state, (value) => {
        expect({ ...DEFAULTS, ...parseState(formatState(value)) }).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    '#threads=0',
    '#threads=9',
    '#threads=1.5',
    '#threads=x',
    '#engine=gpu',
    '#wasm=',
    '#source=file',
    '',
    '#',
    '#%%%',
  ])('ignores %s', (hash) => expect(parseState(hash)).toEqual({}));
});
