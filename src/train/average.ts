import type { TensorValue } from '../graph/types.js';

/**
 * Exponential moving average of weights, which at the end of a training generalizes better than the last weights (Polyak & Juditsky 1992;
 * Izmailov et al. 2018). Early on it is the plain mean, so that the start does not weigh on it.
 */
export class WeightAverage {
  private readonly sums = new Map<string, Float32Array>();
  private count = 0;

  /** @param decay weight of the past per update, 0..1 */
  constructor(private readonly decay: number) {}

  update(values: Iterable<readonly [string, TensorValue]>): void {
    const share = Math.max(1 - this.decay, 1 / (this.count + 1));
    for (const [name, { data }] of values) {
      const now = data as Float32Array;
      const sum = this.sums.get(name);
      if (!sum) this.sums.set(name, now.slice());
      else for (let i = 0; i < sum.length; i++) sum[i]! += share * (now[i]! - sum[i]!);
    }
    this.count++;
  }

  /** The average in the shapes of `like`; empty before the first update. */
  values(like: ReadonlyMap<string, TensorValue>): Map<string, TensorValue> {
    const result = new Map<string, TensorValue>();
    for (const [name, data] of this.sums) result.set(name, { ...like.get(name)!, data: data.slice() });
    return result;
  }

  /** Goes on from a saved average, which counts as settled. */
  load(values: ReadonlyMap<string, TensorValue>): void {
    for (const [name, { data }] of values) this.sums.set(name, (data as Float32Array).slice());
    if (values.size > 0) this.count = Math.ceil(1 / (1 - this.decay));
  }
}
