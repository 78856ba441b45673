import type { FamilyTraining } from '../../family-training.js';
import { deployLookup } from './deploy.js';
import { findEncoders } from './layers.js';
import { CodedRewriter } from './rewriter.js';
import { CODED_RULES } from './rules.js';

/**
 * The train stage of coded activations.
 *
 * @throws LutraError `INVALID_ARGUMENT` when there are no such layers or they do not come from the dense network; `UNSUPPORTED` for a tree
 *   encoder whose decisions are to be learned
 */
export const CODED_TRAINING: FamilyTraining = (writer, { dense, options, statistics }) => {
  const rewriter = new CodedRewriter(writer, options, statistics);
  for (const encoder of findEncoders(writer.graph, dense)) rewriter.rewrite(encoder);
  const { layers, temperatures } = rewriter;
  return {
    rules: CODED_RULES,
    temperatures,
    deploy: (graph, initial, values) => deployLookup({ graph, layers, initial }, values, options),
  };
};
