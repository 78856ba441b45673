import { seededRandom } from '../../convert/random.js';

/** Shuffles in place (Fisher & Yates). */
export function shuffle<T>(values: { [index: number]: T; readonly length: number }, seed: number): void {
  const random = seededRandom(seed);
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
}

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
    this.#order = this.indices.slice();
    shuffle(this.#order, this.seed + 0x9e3779b1 * (epoch + 1));
    this.#epoch = epoch;
  }
}
