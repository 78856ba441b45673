import { raiseOpset } from '../graph/passes/raise-opset.js';
import type { Graph, TensorValue } from '../graph/types.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';
import { denseNetwork } from '../train/dense-network.js';
import type { ParameterOptions, TrainingNetwork } from '../train/types.js';
import { CODED_TRAINING } from './coded/train/index.js';
import { distilled } from './coded/train/loss.js';
import type { LayerStatistics } from './coded/train/offset.js';
import { type LookupTrainingOptions, resolveOptions } from './coded/train/options.js';
import type { FamilyTraining } from './family-training.js';
import { INTEGER_TRAINING } from './integer/train.js';
import { TrainingWriter } from './training-writer.js';

/** Train stages of the families that come with Lutra. */
export const FAMILY_TRAININGS: readonly FamilyTraining[] = [CODED_TRAINING, INTEGER_TRAINING];

/** A converted network that can be trained. */
export interface TrainableLookup {
  /** Inputs: those of the lookup network, `target` (class probabilities) and, with distillation, `teacher` (its logits). */
  readonly network: TrainingNetwork;
  /** Parameters with the logarithm of a temperature, by the name of the encoder. */
  readonly temperatures: ReadonlyMap<string, string>;
  /**
   * The lookup network with trained values.
   *
   * @param values parameters by name, as `StepEngine.parameters` returns them; missing ones keep their initial value
   */
  deploy(values: ReadonlyMap<string, TensorValue>): Graph;
}

/**
 * Makes a converted network trainable: the train stage of every family. The forward pass computes what the deployed network computes: the
 * same codes from 7-bit activations and integer scores, and tables that are rounded as `options.quantized` says.
 *
 * @param lookup made by `convert` from `dense`
 * @param dense the network before its conversion: its weights give straight-through gradients and the first factors of the tables
 * @param classes width of the logits
 * @param statistics of the outputs of lookup layers, by the name of the LookUp. Live normalization starts from them; there is none without them
 * @param trainings train stages of the families whose layers the network may hold
 * @throws LutraError `INVALID_ARGUMENT` (options; networks that do not belong together), `UNSUPPORTED` (a tree encoder whose decisions are to be learned)
 */
export function trainable(
  lookup: Graph,
  dense: Graph,
  classes: number,
  options: LookupTrainingOptions = {},
  statistics: ReadonlyMap<string, LayerStatistics> = new Map(),
  trainings = FAMILY_TRAININGS,
): TrainableLookup {
  const resolved = resolveOptions(options);
  const writer = new TrainingWriter(raiseOpset(lookup, COMPLETE_OPERATORS));
  const learned = trainings.map((training) => training(writer, { dense, options: resolved, statistics }));
  const rewritten = writer.finish();
  const { loss } = resolved;
  const parameters = new Map<string, ParameterOptions | null>(writer.parameters);
  for (const name of writer.constants) parameters.set(name, null);
  const smoothing = loss.kind === 'labels' ? (loss.smoothing ?? 0) : 0;
  const rules = learned.flatMap((layers) => layers.rules ?? []);
  const labelled = { ...denseNetwork(rewritten, { classes, smoothing, parameters }), rules };
  const network = loss.kind === 'labels' ? labelled : distilled(labelled, classes);
  const { initializers } = network.graph;
  return {
    network,
    temperatures: new Map(learned.flatMap(({ temperatures = [] }) => [...temperatures])),
    deploy: (values) =>
      learned.reduce((graph, layers) => layers.deploy?.(graph, initializers, values) ?? graph, lookup),
  };
}
