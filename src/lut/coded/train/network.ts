import { raiseOpset } from '../../../graph/passes/raise-opset.js';
import type { Graph, TensorValue } from '../../../graph/types.js';
import { COMPLETE_OPERATORS } from '../../../ops/complete.js';
import { denseNetwork } from '../../../train/dense-network.js';
import type { ParameterOptions, TrainingNetwork } from '../../../train/types.js';
import { deployLookup } from './deploy.js';
import { findEncodings, findQuantizedConvs } from './layers.js';
import { addLoss } from './loss.js';
import type { LayerStatistics } from './offset.js';
import { type LookupTrainingOptions, resolveOptions } from './options.js';
import { Rewriter } from './rewriter.js';
import { LOOKUP_RULES } from './rules.js';

/** A converted network that can be trained. */
export interface TrainableLookup {
  /** Inputs: those of the lookup network, `target` (class probabilities) and, with distillation, `teacher` (its logits). */
  readonly network: TrainingNetwork;
  /** Parameters with the logarithm of a temperature, by the name of the encoder. */
  readonly temperatures: ReadonlyMap<string, string>;
  /**
   * The lookup network with trained values.
   *
   * @param values parameters by name, as `StepEngine.parameters` gives them; missing ones keep their initial value
   */
  deploy(values: ReadonlyMap<string, TensorValue>): Graph;
}

/**
 * Makes a converted network trainable. The forward pass computes what the deployed network computes: the same codes from 7-bit
 * activations and integer scores, and tables that are rounded as `options.quantized` says.
 *
 * @param lookup made by `convert` from `dense`
 * @param dense the network before its conversion: its weights give straight-through gradients and the first factors of the tables
 * @param classes width of the logits
 * @param statistics of the outputs of lookup layers, by the name of the LookUp; live normalization starts from them, and without them there is none
 * @throws LutraError `INVALID_ARGUMENT` (options; networks that do not belong together), `UNSUPPORTED` (a tree encoder whose decisions are to be learned)
 */
export function trainable(
  lookup: Graph,
  dense: Graph,
  classes: number,
  options: LookupTrainingOptions = {},
  statistics: ReadonlyMap<string, LayerStatistics> = new Map(),
): TrainableLookup {
  const resolved = resolveOptions(options);
  const graph = raiseOpset(lookup, COMPLETE_OPERATORS);
  const encodings = findEncodings(graph, dense);
  const rewriter = new Rewriter(graph, resolved, statistics);
  for (const encoding of encodings) rewriter.encoding(encoding);
  for (const node of findQuantizedConvs(graph)) rewriter.quantizedConv(node);
  const rewritten = rewriter.finish();
  const smoothing = resolved.loss.kind === 'labels' ? (resolved.loss.smoothing ?? 0) : 0;
  const parameters = new Map<string, ParameterOptions | null>(rewriter.parameters);
  for (const name of rewriter.constants) parameters.set(name, null);
  const labelled = denseNetwork(rewritten, { classes, smoothing, parameters });
  const kept = resolved.dense
    ? labelled.parameters
    : new Map([...labelled.parameters].filter(([name]) => rewriter.parameters.has(name)));
  const network = addLoss({ ...labelled, parameters: kept, rules: LOOKUP_RULES }, classes, resolved, rewriter);
  const plan = { graph: lookup, layers: rewriter.layers, initial: network.graph.initializers };
  return {
    network,
    temperatures: rewriter.temperatures,
    deploy: (values) => deployLookup(plan, values, resolved),
  };
}
