import { batches } from '../../data/batches.js';
import { openDataset } from '../../data/node-open.js';
import { evaluationOrder } from '../../data/sampling.js';
import { ofSpeakers } from '../../data/subset.js';
import { LutraError } from '../../errors.js';
import { integer, names, text } from '../../option-schema.js';
import { defineCommand, required } from '../command.js';
import { ENGINE_OPTIONS, sessionFacts, withSession } from '../model.js';
import { print, printJson, warn } from '../output.js';
import { modelPreprocess, PREPROCESS_OPTIONS, resolveLabels } from '../preprocess-flags.js';
import { Progress } from '../progress.js';
import { argmax, readScores } from '../scores.js';

const DEFAULT_BATCH = 32;

export const evalCommand = defineCommand({
  positionals: ['<model.onnx>'],
  options: {
    data: text(
      '--data <path>',
      'folder or .tar(.gz) of images or WAVs in class folders, .ulaw(.gz), CIFAR-10 .bin(.gz), MNIST IDX images(.gz), or .npz with x and y',
    ),
    speaker: names('--speaker <names>', 'only what these speakers say, names with commas'),
    limit: integer('--limit <n>', 'use n examples, taken at even distances', { min: 1, otherwise: 'all' }),
    batch: integer('--batch <n>', 'examples per run', {
      min: 1,
      max: 4096,
      otherwise: `${DEFAULT_BATCH}, or what the model fixes`,
    }),
    output: text('--output <name>', 'model output that holds the class scores', { otherwise: 'the first' }),
    ...PREPROCESS_OPTIONS,
    ...ENGINE_OPTIONS,
  },
  examples: [
    'lutra eval cifar10.lut.onnx --data cifar10/test.tar.gz',
    'lutra eval spoken-digits.lut.onnx --data recordings.tar.gz --speaker lucas',
    'lutra eval digits.onnx --data t10k-images-idx3-ubyte.gz --limit 1000 --json',
  ],

  async run(values, model) {
    const { limit, batch: wantedBatch, speaker: speakers, json } = values;
    const data = required(values.data, '--data', 'give the data set to measure on');
    await withSession(model, values, async (session) => {
      const facts = sessionFacts(session);
      const spec = modelPreprocess(values, facts);
      const labels = await resolveLabels(values, facts);
      const whole = await openDataset(data, labels);
      const dataset = speakers ? ofSpeakers(whole, speakers) : whole;
      if (!dataset.labels)
        throw new LutraError('INVALID_DATA', `${data} has no labels, so accuracy cannot be measured`);

      const inputName = session.inputNames[0]!;
      const outputName = values.output ?? session.outputNames[0]!;
      const fixed = facts.dims?.[0];
      const batch = typeof fixed === 'number' ? fixed : (wantedBatch ?? DEFAULT_BATCH);
      if (wantedBatch && wantedBatch !== batch) warn(`the model fixes the batch to ${batch}; --batch is ignored`);
      const order = evaluationOrder(dataset.count, limit);
      const rest = order.length % batch;
      if (rest !== 0 && typeof fixed === 'number') {
        const problem = `the model fixes the batch to ${batch}, which does not divide the number of examples`;
        throw new LutraError('INVALID_DATA', problem, {
          expected: `a multiple of ${batch}`,
          actual: `${order.length}`,
          hint: `Use --limit ${order.length - rest}`,
        });
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
          const accuracy = ((100 * correct) / seen).toFixed(2);
          progress.update(seen / order.length, `${seen} of ${order.length}, accuracy ${accuracy} %`);
        }
      } finally {
        progress.clear();
      }
      if (invalid > 0) warn(`${invalid} of ${seen} outputs contain NaN and count as wrong`);
      if (json) printJson({ metric: 'accuracy', value: correct / seen, n: seen });
      else print(`accuracy ${((100 * correct) / seen).toFixed(2)} % (${correct} of ${seen})`);
    });
  },
});
