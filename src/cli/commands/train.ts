import { GROUP_RULE } from '../../convert/option-schema.js';
import { LutraError } from '../../errors.js';
import { serializeModel, withContentHash } from '../../onnx/serialize.js';
import type { Checkpoint } from '../../train/checkpoint.js';
import type { TrainedModel } from '../../train/train-dense.js';
import type { TrainedLookup } from '../../train/train-lookup.js';
import { defineCommand, required, UsageError } from '../command.js';
import { checkFolder } from '../files.js';
import { formatBytes, print, printJson, warn } from '../output.js';
import { Progress } from '../progress.js';
import { TRAIN_OPTIONS, TRAIN_SECTIONS, type TrainValues } from './train-flags.js';
import { outcome, outcomeJson, trainingReporter } from './train-output.js';

async function writeReport(path: string, out: string, model: TrainedModel | TrainedLookup) {
  const { reportPage } = await import('../../train/report/page.js');
  const { writeWhole } = await import('../../train/checkpoint-file.js');
  const { result } = model;
  const page = reportPage({
    title: `Training of ${out}`,
    facts: [
      ['command', `lutra ${process.argv.slice(2).join(' ')}`],
      ['updates', String(result.steps)],
      ['time', `${(result.seconds / 60).toFixed(1)} min`],
      ...outcome(model),
    ],
    history: result.history,
    ...('layerErrors' in model ? { layerErrors: model.layerErrors } : {}),
    ...('start' in model && model.start ? { start: model.start } : {}),
  });
  await writeWhole(path, new TextEncoder().encode(page));
}

/** The error of a training that failed, with a hint where its checkpoint is. */
function withCheckpoint(error: unknown, path: string, advice: string): unknown {
  if (!(error instanceof LutraError)) return error;
  const hint = `The last good state of the training is in ${path}; ${advice}, then go on with the same command and --resume`;
  return new LutraError(error.code, error.message, { hint, cause: error });
}

async function run(values: TrainValues & { readonly json?: boolean }, modelPath: string | undefined): Promise<void> {
  const { network, report, seed, threads, json = false } = values;
  if ((modelPath === undefined) === (network === undefined)) {
    throw new UsageError('give either a model to train as lookups, or --dense with a network to train from scratch');
  }
  if (values.from !== undefined && (network === undefined || network.endsWith('.onnx'))) {
    throw new UsageError('--from continues a network trained with --dense by name; models are given as they are');
  }
  const out = required(values.out, '--out', 'give the file to write, -o out.onnx');
  const checkpointPath = values.checkpoint ?? `${out}.checkpoint`;
  for (const path of [out, checkpointPath, ...(report ? [report] : [])]) await checkFolder(path);

  // Loaded here, so that the other commands start without the trainer.
  const { trainDenseCommand, trainLookupCommand } = await import('./train-run.js');
  const { loadCheckpoint, saveCheckpoint, writeWhole } = await import('../../train/checkpoint-file.js');
  const resume = values.resume ? await loadCheckpoint(checkpointPath) : undefined;
  const progress = new Progress('training');
  let kept = resume !== undefined;
  // The first Ctrl-C stops the training. A second one ends the program as usual.
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  const control = {
    seed,
    threads,
    signal: controller.signal,
    ...trainingReporter(progress, json),
    saveCheckpoint: async (checkpoint: Checkpoint) => {
      await saveCheckpoint(checkpointPath, checkpoint);
      kept = true;
    },
    ...(resume ? { resume } : {}),
  };
  let model: TrainedModel | TrainedLookup;
  try {
    model =
      network === undefined
        ? await trainLookupCommand(modelPath!, values, control, progress)
        : await trainDenseCommand(network, values, control, progress);
  } catch (error) {
    const diverged = error instanceof LutraError && error.code === 'DIVERGED';
    throw diverged && kept ? withCheckpoint(error, checkpointPath, 'choose a lower --rate') : error;
  } finally {
    progress.clear();
    process.removeListener('SIGINT', stop);
  }
  if (!model.result.finished) {
    throw new LutraError('ABORTED', `the training was stopped after ${model.result.steps} updates`, {
      hint: `Its state is in ${checkpointPath}; go on with the same command and --resume`,
    });
  }
  const bytes = serializeModel(await withContentHash(model.graph));
  await writeWhole(out, bytes).catch((error) => {
    throw withCheckpoint(error, checkpointPath, 'make room');
  });
  if (report) await writeReport(report, out, model);
  if (model.atChance) {
    warn(
      'on the validation set the network is no better than its most common class; try a lower --rate, or check the labels',
    );
  }
  const { steps, seconds } = model.result;
  if (json) {
    printJson({ event: 'result', file: out, bytes: bytes.length, steps, seconds, ...outcomeJson(model) });
    return;
  }
  for (const [name, text] of outcome(model)) print(`${name} ${text}`);
  print(`${steps} updates in ${(seconds / 60).toFixed(1)} min`);
  print(`${out}  ${formatBytes(bytes.length)}`);
}

export const trainCommand = defineCommand({
  positionals: ['[model.onnx]'],
  options: TRAIN_OPTIONS,
  sections: TRAIN_SECTIONS,
  rules: [GROUP_RULE],
  examples: [
    'lutra train --dense image32 --data train.tar.gz -o dense.onnx --minutes 50 --report report.html',
    'lutra train --dense keywords --data train_1.ulaw.gz,train_2.ulaw.gz -o keywords.onnx',
    'lutra train dense.onnx --data train.tar.gz -o lut.onnx --minutes 15',
    'lutra train lut.onnx --teacher dense.onnx --data train.tar.gz -o better.onnx --steps 3000 --encoder learned --resume',
  ],
  run,
});
