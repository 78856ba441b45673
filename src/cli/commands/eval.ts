import { batches } from '../../data/batches.js';
import { openDataset } from '../../data/node-open.js';
import { evaluationOrder } from '../../data/sampling.js';
import { ofSpeakers } from '../../data/subset.js';
import { LutraError } from '../../errors.js';
import type { Command } from '../arguments.js';
import { ENGINE_FLAGS, sessionFacts, withSession } from '../model.js';
import { print, printJson, warn } from '../output.js';
import { PREPROCESS_FLAGS, resolveLabels, resolvePreprocess } from '../preprocess-flags.js';
import { Progress } from '../progress.js';
import { argmax, readScores } from '../scores.js';

const DEFAULT_BATCH = 32;

export const evalCommand: Command = {
  name: 'eval',
  summary: 'Measure the accuracy of a classifier on a data set.',
  positionals: ['<model.onnx>'],
  flags: [
    {
      name: 'data',
      value: '<path>',
      help: 'folder or .tar(.gz) of pictures or WAVs in class folders, .ulaw(.gz), CIFAR-10 .bin(.gz), MNIST IDX images(.gz), or .npz with x and y',
    },
    { name: 'speaker', value: '<names>', help: 'only what these speakers say, names with commas' },
    { name: 'limit', value: '<n>', help: 'use n examples, taken at even distances (default: all)' },
    { name: 'batch', value: '<n>', help: `examples per run (default: ${DEFAULT_BATCH}, or what the model fixes)` },
    { name: 'output', value: '<name>', help: 'model output that holds the class scores (default: the first)' },
    ...PREPROCESS_FLAGS,
    ...ENGINE_FLAGS,
  ],
  examples: [
    'lutra eval cifar10.lut.onnx --data cifar10/test.tar.gz',
    'lutra eval spoken-digits.lut.onnx --data recordings.tar.gz --speaker lucas',
    'lutra eval digits.onnx --data t10k-images-idx3-ubyte.gz --limit 1000 --json',
  ],

  async run(args) {
    const data = args.required('data', 'give the data set to measure on');
    const limit = args.integer('limit', 1);
    const wantedBatch = args.integer('batch', 1, 4096);
    await withSession(args.positionals[0]!, args, async (session) => {
      const facts = sessionFacts(session);
      const { spec, assumed } = resolvePreprocess(args, facts);
      const labels = await resolveLabels(args, facts);
      const whole = await openDataset(data, labels ? { labels } : {});
      const speakers = args.list('speaker');
      const dataset = speakers ? ofSpeakers(whole, speakers) : whole;
      if (!dataset.labels)
        throw new LutraError('INVALID_DATA', `${data} has no labels, so accuracy cannot be measured`);
      if (assumed) warn('the model does not store its preprocessing; assuming byte / 255 (see --scale, --mean, --std)');

      const inputName = session.inputNames[0]!;
      const outputName = args.text('output') ?? session.outputNames[0]!;
      const fixed = facts.dims?.[0];
      const batch = typeof fixed === 'number' ? fixed : (wantedBatch ?? DEFAULT_BATCH);
      if (wantedBatch && wantedBatch !== batch) warn(`the model fixes the batch to ${batch}; --batch is ignored`);
      const order = evaluationOrder(dataset.count, limit);
      if (order.length % batch !== 0 && typeof fixed === 'number') {
        throw new LutraError(
          'INVALID_DATA',
          `the model fixes the batch to ${batch}, which does not divide the number of examples`,
          {
            expected: `a multiple of ${batch}`,
            actual: `${order.length}`,
            hint: `Use --limit ${order.length - (order.length % batch)}`,
          },
        );
      }
      const progress = new Progress('evaluating');
      let seen = 0;
      let correct = 0;
      let invalid = 0;
      try {
        for await (const { input, labels: truth } of batches(dataset, order, batch, spec)) {
          const rows = input.dims[0]!;
          const results = await session.run({ [inputName]: input }, [outputName]);
          const scores = readScores(results[outputName]!, rows, outputName);
          for (let row = 0; row < rows; row++) {
            const label = truth![row]!;
            if (label >= scores.classes) {
              throw new LutraError('INVALID_DATA', `${data} has more classes than the model`, {
                expected: `labels below ${scores.classes}`,
                actual: `${label}`,
              });
            }
            const answer = argmax(scores, row);
            if (answer === label) correct++;
            if (answer < 0) invalid++;
          }
          seen += rows;
          progress.update(
            seen / order.length,
            `${seen} of ${order.length}, accuracy ${((100 * correct) / seen).toFixed(2)} %`,
          );
        }
      } finally {
        progress.clear();
      }
      if (invalid > 0) warn(`${invalid} of ${seen} outputs contain NaN and count as wrong`);
      if (args.has('json')) printJson({ metric: 'accuracy', value: correct / seen, n: seen });
      else print(`accuracy ${((100 * correct) / seen).toFixed(2)} % (${correct} of ${seen})`);
    });
  },
};
