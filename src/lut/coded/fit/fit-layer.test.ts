import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../convert/random.js';
import { matchBehindRelu, matchStatistics } from './fit-layer.js';

const random = seededRandom(81);
const N = 4000;
const O = 2;
const normal = () => random() + random() + random() + random() - 2;
const values = (scale: number, shift: number) => Float32Array.from({ length: N * O }, () => normal() * scale + shift);
const table = { table: new Int8Array(O), scale: Float32Array.of(1, 1), bias: Float32Array.of(0, 0) };

function moments(data: Float32Array, o: number): [mean: number, deviation: number] {
  const own = data.filter((_, i) => i % O === o);
  const mean = own.reduce((sum, x) => sum + x, 0) / N;
  return [mean, Math.sqrt(own.reduce((sum, x) => sum + (x - mean) ** 2, 0) / N)];
}

describe('matching statistics', () => {
  it('gives predictions the mean and deviation of the targets', () => {
    const predicted = values(0.8, 0.3);
    const targets = values(0.9, -0.2);
    const { scale, bias } = matchStatistics(table, predicted, targets);
    const after = predicted.map((y, i) => y * scale[i % O]! + bias[i % O]!);
    for (let o = 0; o < O; o++) {
      expect(moments(after, o)[0]).toBeCloseTo(moments(targets, o)[0], 4);
      expect(moments(after, o)[1]).toBeCloseTo(moments(targets, o)[1], 4);
    }
  });

  it('does so behind a ReLU, with what is added before it', () => {
    const predicted = values(0.8, 0.1);
    const added = values(0.5, 0);
    const targets = values(1, -0.1);
    const beforeRelu = targets.map((y, i) => y + added[i]!);
    const { scale, bias } = matchBehindRelu(table, predicted, targets, beforeRelu);
    const after = predicted.map((y, i) => Math.max(0, y * scale[i % O]! + bias[i % O]! + added[i]!));
    const wanted = beforeRelu.map((y) => Math.max(0, y));
    for (let o = 0; o < O; o++) {
      expect(Math.abs(moments(after, o)[0] - moments(wanted, o)[0])).toBeLessThan(0.01);
      expect(Math.abs(moments(after, o)[1] - moments(wanted, o)[1])).toBeLessThan(0.01);
    }
  });

  it('leaves a channel alone that the ReLU always blocks', () => {
    const blocked = new Float32Array(N * O).fill(-3);
    const { scale, bias } = matchBehindRelu(table, blocked, blocked, blocked);
    expect([...scale, ...bias]).toEqual([1, 1, 0, 0]);
  });
});
