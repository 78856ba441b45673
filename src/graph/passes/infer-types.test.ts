import { describe, expect, it } from 'vitest';
import { COMPLETE_OPERATORS } from '../../ops/complete.js';
import { GraphBuilder } from '../builder.js';
import { inferRanks, inferStatic } from './infer-types.js';

describe('inferRanks', () => {
  it('knows types and ranks behind symbolic sizes, and dimensions that depend on declared shapes alone', () => {
    const b = new GraphBuilder();
    const x = b.input('x', ['N', 3, 'H', 'W']);
    const shape = b.node('Concat', [b.node('Gather', [b.node('Shape', [x]), b.ints(0)]), b.ints(-1)], { axis: 0 });
    const flat = b.node('Reshape', [x, shape]);
    const cast = b.node('Cast', [flat], { to: 7 });
    const fixed = b.node('Flatten', [b.input('y', [2, 3, 4])]);
    const ranks = inferRanks(b.build(), COMPLETE_OPERATORS);
    expect(ranks.get(flat)).toEqual({ type: 'float32', dims: [undefined, undefined] });
    expect(ranks.get(cast)?.type).toBe('int64');
    expect(ranks.get(fixed)).toEqual({ type: 'float32', dims: [2, 12] });
    expect(inferStatic(b.build(), COMPLETE_OPERATORS).types.has(flat)).toBe(false);
  });

  it('does not know the rank behind a Squeeze without axes over symbolic sizes', () => {
    const b = new GraphBuilder();
    const x = b.input('x', [1, 'N', 4]);
    const [all, one] = [b.node('Squeeze', [x]), b.node('Squeeze', [x, b.ints(0)])];
    const fixed = b.node('Squeeze', [b.input('y', [1, 3])]);
    const ranks = inferRanks(b.build(), COMPLETE_OPERATORS);
    expect([all, b.node('Relu', [all]), one, fixed].map((name) => ranks.get(name)?.dims.length)).toEqual([
      undefined,
      undefined,
      2,
      1,
    ]);
  });
});
