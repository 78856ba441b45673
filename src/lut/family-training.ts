import type { Graph, TensorValue } from '../graph/types.js';
import type { GradientRule } from '../train/types.js';
import type { LayerStatistics } from './coded/train/offset.js';
import type { ResolvedOptions } from './coded/train/options.js';
import type { TrainingWriter } from './training-writer.js';

/** What a family may know when its layers are made trainable. */
export interface TrainingTask {
  /** The network before its conversion. */
  readonly dense: Graph;
  readonly options: ResolvedOptions;
  /** Of the outputs of lookup layers, by the name of the node that computes them. */
  readonly statistics: ReadonlyMap<string, LayerStatistics>;
}

/** The layers of one family in a network that can be trained. */
export interface LearnedLayers {
  /** Gradients of the pseudo-operators that stand for the layers. */
  readonly rules?: readonly GradientRule[];
  /** Parameters with the logarithm of a temperature, by the name of the encoder. */
  readonly temperatures?: ReadonlyMap<string, string>;
  /**
   * Writes trained values into the lookup network.
   *
   * @param initial values of all initializers of the training network before training
   * @param values trained ones by name; missing ones keep their initial value
   */
  deploy?(lookup: Graph, initial: ReadonlyMap<string, TensorValue>, values: ReadonlyMap<string, TensorValue>): Graph;
}

/** The train stage of a family: puts nodes that can be differentiated in the place of its layers in `writer.graph`. */
export type FamilyTraining = (writer: TrainingWriter, task: TrainingTask) => LearnedLayers;
