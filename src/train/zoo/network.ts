import type { Graph, TensorValue } from '../../graph/types.js';
import type { Recipe } from '../recipe.js';
import type { ParameterOptions } from '../types.js';

export interface BuildOptions {
  readonly classes: number;
  readonly seed: number;
  /** Preprocessed examples float32 [n, ...inputDims] of the data to train on, for layers that start from its statistics. */
  readonly examples: TensorValue;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A network that `lutra train --dense` can train from scratch. */
export interface ZooNetwork {
  readonly name: string;
  /** What it is, in a line. */
  readonly summary: string;
  /** Kind of data it takes. */
  readonly input: 'image' | 'audio';
  /** Shape of an input without its batch dimension; [C, H, W]. */
  readonly inputDims: readonly [number, number, number];
  readonly recipe: Recipe;
  /**
   * A graph with BatchNormalization nodes, one input [batch, C, H, W], output `logits` [batch, classes].
   */
  build(options: BuildOptions): BuiltNetwork;
}

export interface BuiltNetwork {
  readonly graph: Graph;
  /** How single parameters learn, by initializer name; `null` means they stay as they are. Others follow their operator. */
  readonly parameters: ReadonlyMap<string, ParameterOptions | null>;
}
