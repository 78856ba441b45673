import { describe, expect, it } from 'vitest';
import { BestKeeper } from './best.js';

const measured = (loss: number) => ({ count: 1, correct: 1, loss });
const state = (step: number, loss: number) => ({ step, validation: measured(loss), values: new Map() });

describe('BestKeeper', () => {
  it('keeps the lowest loss below the start, the first of equals', () => {
    const best = new BestKeeper(measured(1), undefined);
    best.offer(state(1, 1));
    expect(best.state).toBeUndefined();
    for (const [step, loss] of [0.9, 0.5, 0.5, 0.7].entries()) best.offer(state(step, loss));
    expect(best.state).toEqual(state(1, 0.5));
  });

  it('never keeps a loss that is no number, and anything is better than one', () => {
    const best = new BestKeeper(measured(Number.NaN), undefined);
    best.offer(state(1, Number.NaN));
    best.offer(state(2, Infinity));
    expect(best.state).toBeUndefined();
    best.offer(state(3, 7));
    best.offer(state(4, Number.NaN));
    expect(best.state).toEqual(state(3, 7));
  });
});
