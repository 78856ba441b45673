import { describe, expect, it } from 'vitest';
import { AnswerModel, differenceOf, type Logits } from './logits.js';
import { Prediction } from './predict.js';
import { seededRandom } from './random.js';

const random = seededRandom(3);
const logits: Logits = { data: Float32Array.from({ length: 400 * 5 }, () => 6 * random()), classes: 5 };
const best = Array.from({ length: 400 }, (_, i) => {
  const row = [...logits.data.subarray(i * 5, i * 5 + 5)];
  return row.indexOf(Math.max(...row));
});

describe('differenceOf', () => {
  it('is nothing between equal networks, also where all scores of an example are shifted', () => {
    const shifted = { ...logits, data: logits.data.map((value, i) => value + (Math.floor(i / 5) % 7)) };
    const { divergence, changed, lost } = differenceOf(logits, shifted, best);
    expect(divergence).toBeCloseTo(0, 5);
    expect([changed, lost]).toEqual([0, 0]);
  });

  it('counts answers, and the KL divergence at temperature 4', () => {
    const [a, b] = [[4, 0].map(Number), [0, 4].map(Number)];
    const of = (rows: number[][]): Logits => ({ data: Float32Array.from(rows.flat()), classes: 2 });
    const { divergence, changed, lost } = differenceOf(of([a, a]), of([a, b]), [0, 0]);
    const p = 1 / (1 + Math.exp(-1));
    // KL(p ‖ 1 − p) = (2p − 1) · ln(p / (1 − p)), of one of two examples.
    expect(divergence).toBeCloseTo((16 * (2 * p - 1)) / 2, 5);
    expect([changed, lost]).toEqual([50, 50]);
  });
});

describe('AnswerModel', () => {
  it('changes and loses more answers at a larger divergence, and none at 0', () => {
    const model = new AnswerModel(logits, best);
    const at = [0, 0.01, 0.05, 0.2, 1].map((divergence) => model.at(divergence));
    expect(at[0]).toMatchObject({ changed: 0, lost: 0 });
    for (let i = 1; i < at.length; i++) {
      expect(at[i]!.changed).toBeGreaterThan(at[i - 1]!.changed);
      // Every right answer that changes is lost.
      expect(at[i]!.lost).toBeCloseTo(at[i]!.changed, 6);
    }
  });
});

describe('Prediction', () => {
  it('goes through a network that was measured, and grows with the errors', () => {
    const prediction = new Prediction({ logits, labels: best });
    const prior = prediction.divergence(0.02);
    prediction.observe(0.02, { divergence: 3 * prior, changed: 10, lost: 10 });
    expect(prediction.divergence(0.02)).toBeCloseTo(3 * prior, 9);
    expect(prediction.divergence(0.04)).toBeGreaterThan(3 * prior);
    expect(prediction.divergence(0.01)).toBeLessThan(3 * prior);
    expect(prediction.drop(0.04)!).toBeGreaterThan(prediction.drop(0.02)!);
    expect(prediction.divergence(0)).toBe(0);
  });

  it('counts more answers as lost where more of them changed than noise explains', () => {
    const drops = [2, 40].map((changed) => {
      const prediction = new Prediction({ logits, labels: best });
      prediction.observe(0.02, { divergence: 0.1, changed, lost: changed });
      return prediction.drop(0.02)!;
    });
    expect(drops[1]!).toBeGreaterThan(2 * drops[0]!);
  });
});
