/**
 * Fills the demos' sample galleries: `npm run samples -- --from PATH [--from PATH …] [--count 40]`.
 * PATH holds images or recordings: a folder or tar of files in one folder per class, recordings named
 * `<class>_<speaker>_<number>.wav`, or a pack of µ-law clips. Writes the git-ignored public/samples (images) and
 * public/samples/speech (recordings, each data set beside the others), with a manifest in each.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { seededRandom } from '../src/convert/random.js';
import type { Dataset, Sample } from '../src/data/dataset.js';
import { openDataset } from '../src/data/node-open.js';
import { calibrationOrder } from '../src/data/sampling.js';
import { LutraError } from '../src/errors.js';
import { encodeWav } from '../src/speech/wav.js';

const IMAGES = 'public/samples';
const RECORDINGS = 'public/samples/speech';
/** The same gallery every time. */
const SEED = 1;

function fail(message: string): never {
  console.error(`samples: ${message}`);
  process.exit(2);
}

interface Entry {
  readonly file: string;
  readonly label: string;
}

/** Bytes of a file that shows or plays the example. */
async function encode(sample: Sample): Promise<{ bytes: Uint8Array; extension: string }> {
  if (sample.kind === 'recording') return { bytes: encodeWav(sample.recording), extension: '.wav' };
  if (sample.kind !== 'image') return fail(`${sample.name} is neither an image nor a recording`);
  const { width, height, channels, pixels } = sample.image;
  const bytes = await sharp(pixels, { raw: { width, height, channels } }).png().toBuffer();
  return { bytes, extension: '.png' };
}

/** Writes equally many examples of every class; classes take turns. Fillers such as `_silence_` are left out. */
async function write(dataset: Dataset, folder: string, prefix: string, count: number): Promise<Entry[]> {
  const { labels, classes } = dataset;
  if (!labels || !classes) return fail(`${dataset.description}: the classes are not named`);
  const words = [...labels.keys()].filter((i) => !classes[labels[i]!]!.startsWith('_'));
  const order = calibrationOrder(
    words.length,
    Int32Array.from(words, (i) => labels[i]!),
    count,
    seededRandom(SEED),
  );
  const entries: Entry[] = [];
  for await (const sample of dataset.samples(order.map((i) => words[i]!))) {
    const { bytes, extension } = await encode(sample);
    const file = `${prefix}${String(entries.length).padStart(3, '0')}${extension}`;
    writeFileSync(join(folder, file), bytes);
    entries.push({ file, label: classes[sample.label!]! });
  }
  return entries;
}

/** Removes the files of an earlier run, not the folders beside them. */
function empty(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) rmSync(join(folder, entry.name));
  }
}

const { values } = parseArgs({
  options: { from: { type: 'string', multiple: true }, count: { type: 'string', default: '40' } },
});
const count = Number(values.count);
if (!values.from) fail('usage: npm run samples -- --from PATH [--from PATH …] [--count 40]');
if (!Number.isInteger(count) || count < 1 || count > 500) fail(`--count must be 1..500, not ${values.count}`);

const entries = new Map<string, Entry[]>();
try {
  for (const [index, path] of values.from.entries()) {
    const dataset = await openDataset(path);
    const { value: first } = await dataset.samples([0])[Symbol.asyncIterator]().next();
    const folder = first?.kind === 'recording' ? RECORDINGS : IMAGES;
    if (!entries.has(folder)) empty(folder);
    const written = await write(dataset, folder, `${index}-`, count);
    entries.set(folder, [...(entries.get(folder) ?? []), ...written]);
  }
} catch (thrown) {
  fail(LutraError.from(thrown).message);
}
for (const [folder, samples] of entries) {
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify({ samples }, null, 2)}\n`);
  console.log(`${folder}: ${samples.length} examples in ${new Set(samples.map(({ label }) => label)).size} classes`);
}
