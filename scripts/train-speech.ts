/**
 * Trains the shipped speech models from data to card: `npm run train:speech -- [--data ../shared/data] [--only keywords|spoken-digits]
 * [--resume] [--quick]`. `--quick` goes through the same steps in minutes, into build/quick. With `--leave-out lucas` the spoken digits are learned without that speaker and measured on all that the speaker says, and nothing
 * shipped changes.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDataset } from '../src/data/node-open.js';
import { KEYWORD_FEATURES } from '../src/speech/spec.js';
import { encodeWav } from '../src/speech/wav.js';
import {
  buildModel,
  chosenModels,
  type Measured,
  type ShippedModel,
  TRAINING_FLAGS,
  trainAndMeasure,
} from './shipped-model.js';

const { values } = parseArgs({ options: { ...TRAINING_FLAGS, 'leave-out': { type: 'string' } } });
const BUILD = 'build/speech';
const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const KEYWORD_PACKS = ['train_1', 'train_2'].map((name) => join(values.data, 'speech-commands', `${name}.ulaw.gz`));
const RECORDINGS = join(values.data, 'fsdd', 'recordings.tar.gz');

const KEYWORDS: ShippedModel = {
  id: 'keywords',
  title: 'Keywords',
  task: 'audio',
  pad: false,
  description:
    'Twelve classes: yes, no, up, down, left, right, on, off, stop, go, another word, none. A 5×5 convolution over 40 mel bands × 64 frames, then 3×3 convolutions of 64 and 96 channels with a residual block, the mean over all positions, one linear layer.',
  licence:
    'Speech Commands v0.02 by Pete Warden, Google (CC BY 4.0): 3,604 clips of its test set, split by speaker. Weights: Apache-2.0, as Lutra.',
  dense: [['--dense', 'keywords', '--epochs', '40', '--average', '3']],
  lookup: ['--geometry', 'row', '--group', '1', '--k', '16', '--epochs', '8', '--rate', '0.0002'],
  lookupCommand: 'train',
  training: KEYWORD_PACKS,
  test: { path: join(values.data, 'speech-commands', 'test.ulaw.gz'), name: 'speech-commands/test.ulaw.gz' },
};

/** Whose recordings the accuracy in the card is measured on; the shipped model learned from all speakers. */
const LEFT_OUT = 'lucas';

/** The recordings are sampled at 8 kHz, so nothing above 4 kHz may tell the digits apart. */
const DIGIT_FEATURES = { ...KEYWORD_FEATURES, maxFrequency: 3700 };

const DIGITS: ShippedModel = {
  id: 'spoken-digits',
  title: 'Spoken digits',
  task: 'audio',
  pad: false,
  description:
    'The digits zero to nine in English. The network of the keywords over mel bands up to 3.7 kHz, so that telephone sound will do.',
  licence:
    'Free Spoken Digit Dataset (CC BY-SA 4.0), 2,500 recordings of five speakers, and 173 digits by other speakers from the training part of Speech Commands v0.02 (CC BY 4.0). Weights: CC BY-SA 4.0.',
  dense: [
    [
      ...['--dense', 'keywords', '--epochs', '15', '--batch', '16', '--rate', '0.04', '--average', '1.5'],
      ...['--speed', '0.25', '--holdout', '0', '--features', join(BUILD, 'digits.json')],
    ],
  ],
  // The last state. Where a speaker is left out, the held-out examples are the test set, which may choose nothing.
  lookup: [
    ...['--geometry', 'row', '--group', '1', '--k', '16', '--epochs', '8', '--speed', '0.25', '--holdout', '0'],
    ...['--keep', 'last'],
  ],
  lookupCommand: 'train',
  training: [RECORDINGS, join(BUILD, 'digits')],
  test: {
    path: RECORDINGS,
    name: `speaker ${LEFT_OUT} of fsdd, by the same training without that speaker`,
    command: `npm run train:speech -- --leave-out ${LEFT_OUT}`,
  },
};

/** Writes the digits among the unknown words of the keyword packs as `<digit>_<speaker>_<n>.wav`: more voices than five. */
async function exportDigits(): Promise<void> {
  const folder = join(BUILD, 'digits');
  mkdirSync(folder, { recursive: true });
  let count = 0;
  for (const path of KEYWORD_PACKS) {
    const pack = await openDataset(path);
    for await (const sample of pack.samples(Array.from({ length: pack.count }, (_, i) => i))) {
      const match = /_unknown_\/([a-z]+)_([0-9a-f]+)_nohash/.exec(sample.name);
      const digit = WORDS.indexOf(match?.[1] ?? '');
      if (digit < 0 || sample.kind !== 'recording') continue;
      writeFileSync(join(folder, `${digit}_${match![2]}_${count++}.wav`), encodeWav(sample.recording));
    }
  }
  // Last, since it tells that all are there.
  writeFileSync(join(BUILD, 'digits.json'), JSON.stringify(DIGIT_FEATURES));
}

const { resume, quick } = values;
const leaveOut = values['leave-out'];
for (const model of leaveOut ? [DIGITS] : chosenModels([KEYWORDS, DIGITS], values.only)) {
  if (model === DIGITS && !existsSync(join(BUILD, 'digits.json'))) await exportDigits();
  if (leaveOut) measureWithout(leaveOut);
  else if (model === DIGITS) buildModel(model, { resume, quick }, measureWithout(LEFT_OUT));
  else buildModel(model, { resume, quick });
}

/** Trains the spoken digits without a speaker and measures on that speaker; `--resume` takes what was measured before. */
function measureWithout(speaker: string): Measured {
  const folder = join(BUILD, `${quick ? 'quick-' : ''}without-${speaker}`);
  const result = join(folder, 'accuracy.json');
  if (!resume || !existsSync(result)) {
    mkdirSync(folder, { recursive: true });
    const flags = ['--holdout-speaker', speaker];
    const { dense, lookup } = trainAndMeasure(DIGITS, folder, { resume, quick, flags, test: ['--speaker', speaker] });
    writeFileSync(result, JSON.stringify({ dense, lookup }));
  }
  const measured = JSON.parse(readFileSync(result, 'utf8')) as Measured;
  console.log(JSON.stringify({ speaker, ...measured }));
  return measured;
}
