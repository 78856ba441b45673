import type { TensorValue } from '../graph/types.js';
import { TEACHER_INPUT } from '../lut/coded/train/loss.js';
import type { TrainableLookup } from '../lut/train.js';
import { fingerprint } from './checkpoint.js';
import { trainingBatch } from './data/batch.js';
import { ShuffledPasses } from './data/order.js';
import type { Split } from './data/split.js';
import type { TrainingSet } from './data/training-set.js';
import { TARGET_INPUT } from './dense-network.js';
import type { GraphRunner } from './engine/runtime.js';
import type { TrainingTask } from './trainer.js';
import type { ValidationResult, Validator } from './validate.js';

/**
 * Training of a lookup network.
 * @param validation measures networks, and what the training starts from; undefined without a validation set
 * @param teacher runs the dense network with its logits as the only output; undefined when labels are what is learned
 */
export function lookupTask(
  lookup: TrainableLookup,
  teacher: { readonly runner: GraphRunner; readonly input: string; readonly output: string } | undefined,
  set: TrainingSet,
  split: Split,
  validation: { readonly validate: Validator; readonly start: ValidationResult } | undefined,
  seed: number,
): TrainingTask {
  const { network, temperatures } = lookup;
  const passes = new ShuffledPasses(split.train, seed);
  const input = network.graph.inputs[0]!.name;
  return {
    network,
    identity: fingerprint(
      network.graph.nodes.map(({ name, op }) => [name, op]),
      [...network.graph.initializers].map(([name, { dims }]) => [name, dims]),
      [set.description, set.classes, split.train.length, seed],
    ),
    examples: split.train.length,
    batch: async (step, size) => {
      const batch = trainingBatch(set, passes, step, size, seed);
      const feeds = { [input]: batch.input, [TARGET_INPUT]: batch.target };
      if (!teacher) return feeds;
      const outputs = await teacher.runner.run(new Map([[teacher.input, batch.input]]));
      return { ...feeds, [TEACHER_INPUT]: outputs.get(teacher.output)! };
    },
    ...(validation
      ? {
          start: validation.start,
          measure: (values: ReadonlyMap<string, TensorValue>) => validation.validate(lookup.deploy(values)),
        }
      : {}),
    ...(temperatures.size > 0
      ? {
          temperatures: (values: ReadonlyMap<string, TensorValue>) =>
            Object.fromEntries(
              [...temperatures].map(([layer, name]) => {
                const logs = (values.get(name) ?? network.graph.initializers.get(name)!).data as Float32Array;
                return [layer, Math.exp(logs.reduce((sum, value) => sum + value, 0) / logs.length)];
              }),
            ),
        }
      : {}),
  };
}
