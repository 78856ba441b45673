import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32, type NodeCase, noise, reference, runNode } from '../../../test/run-node.js';
import { lowerPad, lowerRearranged } from './dense-tables.js';
import { lowerNearest } from './rare.js';

const int64 = (values: readonly number[]) => ({
  type: 'int64' as const,
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const axis = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  start: fc.integer({ min: -8, max: 8 }),
  end: fc.integer({ min: -8, max: 8 }),
  step: fc.constantFrom(1, 1, 2, 3, -1, -2),
  before: fc.nat(2),
  after: fc.nat(2),
});
const axes = fc.array(axis, { minLength: 1, maxLength: 5 });

describe('moves by tables', () => {
  it('Slice of any rank and step equals the definition', () => {
    let covered = 0;
    fc.assert(
      fc.property(axes, (list) => {
        const constants = {
          starts: int64(list.map((a) => a.start)),
          ends: int64(list.map((a) => a.end)),
          axes: int64(list.map((_, i) => i)),
          steps: int64(list.map((a) => a.step)),
        };
        const test: NodeCase = {
          op: 'Slice',
          inputs: {
            x: noise(
              list.map((a) => a.size),
              1,
            ),
          },
          constants,
        };
        const expected = reference(test);
        const run = runNode(lowerRearranged, test, { threads: 2 });
        expect(run !== undefined).toBe(expected.length > 0);
        if (run) expect(run.y).toEqual(expected);
        covered += expected.length;
      }),
      { numRuns: 150 },
    );
    expect(covered).toBeGreaterThan(0);
  });

  const others: NodeCase[] = [
    { op: 'Expand', inputs: { x: noise([2, 1, 3], 1) }, constants: { shape: int64([4, 2, 5, 3]) } },
    { op: 'Tile', inputs: { x: noise([2, 3], 1) }, constants: { repeats: int64([3, 1]) } },
    { op: 'DepthToSpace', attributes: { blocksize: 2 }, inputs: { x: noise([2, 8, 3, 5], 1) } },
    { op: 'SpaceToDepth', attributes: { blocksize: 2 }, inputs: { x: noise([2, 3, 4, 6], 1) } },
    { op: 'Transpose', attributes: { perm: [2, 1, 0] }, inputs: { x: noise([4, 3, 5], 1) } },
  ];
  for (const test of others) {
    it(`${test.op} equals the definition`, () => expect(runNode(lowerRearranged, test)!.y).toEqual(reference(test)));
  }

  it('Gather of a constant list of places equals the definition', () => {
    const inputs = { x: noise([3, 6, 2], 1) };
    const places = { type: 'int64' as const, dims: [4], data: BigInt64Array.of(5n, 0n, -1n, 3n) };
    const test: NodeCase = { op: 'Gather', attributes: { axis: 1 }, inputs, constants: { places } };
    expect(runNode(lowerRearranged, test)!.y).toEqual(reference(test));
  });

  it('Resize to the nearest value equals the definition; other modes are left to the host', () => {
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    const constants = { scales: float32([4], (i) => [1, 1, 2, 1.5][i]!) };
    const test: NodeCase = {
      op: 'Resize',
      attributes,
      inputs: { x: noise([2, 3, 4, 6], 1) },
      constants,
      order: ['x', '', 'scales'],
    };
    expect(runNode(lowerNearest, test)!.y).toEqual(reference(test));
    expect(runNode(lowerNearest, { ...test, attributes: { mode: 'linear' } })).toBeUndefined();
  });

  it('Pad with a constant equals the definition', () => {
    fc.assert(
      fc.property(axes, fc.boolean(), (list, valued) => {
        const pads = int64([...list.map((a) => a.before), ...list.map((a) => a.after)]);
        const constants = { pads, ...(valued && { value: float32([], () => -3.5) }) };
        const test: NodeCase = {
          op: 'Pad',
          inputs: {
            x: noise(
              list.map((a) => a.size),
              1,
            ),
          },
          constants,
        };
        expect(runNode(lowerPad, test, { threads: 2 })!.y).toEqual(reference(test));
      }),
      { numRuns: 80 },
    );
  });

  it('Pad declines other modes and negative pads', () => {
    const test: NodeCase = { op: 'Pad', inputs: { x: noise([5], 1) }, constants: { pads: int64([-1, 2]) } };
    expect(runNode(lowerPad, test)).toBeUndefined();
    expect(
      runNode(lowerPad, { ...test, attributes: { mode: 'edge' }, constants: { pads: int64([1, 2]) } }),
    ).toBeUndefined();
  });
});
