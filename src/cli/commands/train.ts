import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LutraError } from '../../errors.js';
import { serializeModel, withContentHash } from '../../onnx/serialize.js';
import type { Checkpoint } from '../../train/checkpoint.js';
import type { TrainedModel } from '../../train/train-dense.js';
import type { TrainedLookup } from '../../train/train-lookup.js';
import { type Arguments, type Command, UsageError } from '../arguments.js';
import { formatBytes, print, printJson, warn } from '../output.js';
import { PREPROCESS_FLAGS } from '../preprocess-flags.js';
import { Progress } from '../progress.js';
import { DATA_FLAGS } from './train-data.js';
import { BUDGET_FLAGS, LOOKUP_FLAGS, RECIPE_FLAGS } from './train-flags.js';
import { outcome, outcomeJson, trainingReporter } from './train-output.js';

const DEFAULT_THREADS = 2;

/** Finds out before the training what would make it useless. */
async function checkFolder(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((cause: Error) => {
    throw new LutraError('INVALID_ARGUMENT', `${path} cannot be written: ${cause.message}`, { cause });
  });
}

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

/** Runs `work` with a signal that the first Ctrl-C fires; a second one ends the program as usual. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

/** Says where the work of a training is that failed; its checkpoint is as good as it was. */
function withCheckpoint(error: unknown, path: string, advice: string): unknown {
  if (!(error instanceof LutraError)) return error;
  const hint = `The last good state of the training is in ${path}; ${advice}, then go on with the same command and --resume`;
  return new LutraError(error.code, error.message, { hint, cause: error });
}

async function run(args: Arguments): Promise<void> {
  const [modelPath] = args.positionals;
  const dense = args.text('dense');
  if ((modelPath === undefined) === (dense === undefined)) {
    throw new UsageError('give either a model to train as lookups, or --dense with a network to train from scratch');
  }
  if (args.has('from') && (dense === undefined || dense.endsWith('.onnx'))) {
    throw new UsageError('--from continues a network trained with --dense by name; models are given as they are');
  }
  const out = args.required('out', 'give the file to write, -o out.onnx');
  const checkpointPath = args.text('checkpoint') ?? `${out}.checkpoint`;
  const report = args.text('report');
  const seed = args.integer('seed', 0, 2 ** 32 - 1) ?? 1;
  const threads = args.integer('threads', 1, 64) ?? DEFAULT_THREADS;
  for (const path of [out, checkpointPath, ...(report ? [report] : [])]) await checkFolder(path);

  // Loaded here, so that the other commands start without the trainer.
  const { trainDenseCommand, trainLookupCommand } = await import('./train-run.js');
  const { loadCheckpoint, saveCheckpoint, writeWhole } = await import('../../train/checkpoint-file.js');
  const resume = args.has('resume') ? await loadCheckpoint(checkpointPath) : undefined;
  const progress = new Progress('training');
  let kept = resume !== undefined;
  const json = args.has('json');
  const model = await interruptible(async (signal) => {
    const control = {
      seed,
      threads,
      signal,
      ...trainingReporter(progress, json),
      saveCheckpoint: async (checkpoint: Checkpoint) => {
        await saveCheckpoint(checkpointPath, checkpoint);
        kept = true;
      },
      ...(resume ? { resume } : {}),
    };
    try {
      return dense === undefined
        ? await trainLookupCommand(modelPath!, args, control, progress)
        : await trainDenseCommand(dense, args, control, progress);
    } catch (error) {
      const diverged = error instanceof LutraError && error.code === 'DIVERGED';
      throw diverged && kept ? withCheckpoint(error, checkpointPath, 'choose a lower --rate') : error;
    } finally {
      progress.clear();
    }
  });
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
  const { result } = model;
  if (json) {
    printJson({
      event: 'result',
      file: out,
      bytes: bytes.length,
      steps: result.steps,
      seconds: result.seconds,
      ...outcomeJson(model),
    });
    return;
  }
  for (const [name, text] of outcome(model)) print(`${name} ${text}`);
  print(`${result.steps} updates in ${(result.seconds / 60).toFixed(1)} min`);
  print(`${out}  ${formatBytes(bytes.length)}`);
}

export const trainCommand: Command = {
  name: 'train',
  summary: 'Train a network from scratch, or the tables of a lookup network by backpropagation.',
  positionals: ['[model.onnx]'],
  flags: [
    { name: 'out', short: 'o', value: '<file>', help: 'file to write the trained model to' },
    {
      name: 'dense',
      value: '<network>',
      help: 'train a dense network: image32, image28 or keywords from scratch, or a dense .onnx further',
    },
    {
      name: 'from',
      value: '<checkpoint>',
      help: 'with --dense: start from the weights of another training of this network',
    },
    ...DATA_FLAGS,
    ...BUDGET_FLAGS,
    ...RECIPE_FLAGS,
    ...LOOKUP_FLAGS,
    { name: 'seed', value: '<n>', help: 'the same seed and number of updates give the same model (default: 1)' },
    { name: 'threads', value: '<n>', help: `threads; the result does not depend on it (default: ${DEFAULT_THREADS})` },
    { name: 'checkpoint', value: '<file>', help: 'where the state is kept (default: the output and .checkpoint)' },
    { name: 'resume', help: 'go on from the checkpoint' },
    { name: 'report', value: '<file.html>', help: 'write a page with the curves of the training' },
    ...PREPROCESS_FLAGS,
  ],
  examples: [
    'lutra train --dense image32 --data train.tar.gz -o dense.onnx --minutes 50 --report report.html',
    'lutra train --dense keywords --data train_1.ulaw.gz,train_2.ulaw.gz -o keywords.onnx',
    'lutra train dense.onnx --data train.tar.gz -o lut.onnx --minutes 15',
    'lutra train lut.onnx --teacher dense.onnx --data train.tar.gz -o better.onnx --steps 3000 --encoder learned --resume',
  ],
  run,
};
