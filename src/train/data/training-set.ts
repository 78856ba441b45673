import type { Random } from '../../convert/random.js';
import type { Preprocess } from '../../graph/metadata.js';

/** Labelled examples in memory, each a float32 array of one shape. */
export interface TrainingSet {
  /** What was read, for reports and model cards. */
  readonly description: string;
  readonly count: number;
  readonly classes: readonly string[];
  /** Class of every example [count]. */
  readonly labels: Int32Array;
  /** Who or what an example comes from (speaker) [count]; examples of one group must not be on both sides of a split. */
  readonly groups?: readonly string[];
  /** Shape of an example, without the batch dimension. */
  readonly inputDims: readonly number[];
  /** Goes into the model's metadata. */
  readonly preprocess: Preprocess;
  /**
   * Writes the network's input for one example into `out` from index `to` on. `variation` changes it in ways that keep its class;
   * without it the example is written as evaluation sees it.
   */
  write(index: number, out: Float32Array, to: number, variation?: Variation): void;
}

export interface Variation {
  readonly random: Random;
  /** 0-based pass over the data. */
  readonly epoch: number;
}
