import type { TensorValue } from '../graph/types.js';
import { TEACHER_INPUT } from '../lut/coded/train/loss.js';
import type { TrainableLookup } from '../lut/train.js';
import type { Split } from './data/split.js';
import type { TrainingSet } from './data/training-set.js';
import { labelledTask } from './dense-task.js';
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
  const task = labelledTask(network, network.graph, set, split, seed);
  const input = network.graph.inputs[0]!.name;
  const temperaturesOf = (values: ReadonlyMap<string, TensorValue>) =>
    Object.fromEntries(
      [...temperatures].map(([layer, name]) => {
        const logs = (values.get(name) ?? network.graph.initializers.get(name)!).data as Float32Array;
        return [layer, Math.exp(logs.reduce((sum, value) => sum + value, 0) / logs.length)];
      }),
    );
  return {
    ...task,
    batch: async (step, size) => {
      const feeds = task.batch(step, size);
      if (!teacher) return feeds;
      const outputs = await teacher.runner.run(new Map([[teacher.input, feeds[input]!]]));
      return { ...feeds, [TEACHER_INPUT]: outputs.get(teacher.output)! };
    },
    start: validation?.start,
    measure: validation && ((values) => validation.validate(lookup.deploy(values))),
    temperatures: temperatures.size > 0 ? temperaturesOf : undefined,
  };
}
