import { seededRandom } from '../../convert/random.js';

/**
 * Endless shuffled passes over `indices`: position p of the run is always the same example, so that a resumed training goes on where it
 * stopped. Holds one pass.
 */
export class ShuffledPasses {
  #epoch = -1;
  #order: Int32Array;

  constructor(
    private readonly indices: Int32Array,
    private readonly seed: number,
  ) {
    this.#order = indices;
  }

  /** Example at position `p` of the run, and the pass it belongs to. */
  at(p: number): { readonly index: number; readonly epoch: number } {
    const { length } = this.indices;
    const epoch = Math.floor(p / length);
    if (epoch !== this.#epoch) this.#shuffle(epoch);
    return { index: this.#order[p % length]!, epoch };
  }

  #shuffle(epoch: number): void {
    const random = seededRandom(this.seed + 0x9e3779b1 * (epoch + 1));
    const order = Int32Array.from(this.indices);
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      const other = order[j]!;
      order[j] = order[i]!;
      order[i] = other;
    }
    this.#order = order;
    this.#epoch = epoch;
  }
}
