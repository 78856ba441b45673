/**
 * Fills the demo's sample gallery: `npm run samples -- --from DIR|TAR [--count 40]`.
 * FROM holds JPEG or PNG files in one folder per class. Writes the git-ignored public/samples with a manifest.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { readTar } from '../src/data/tar.js';

const OUT = 'public/samples';
const PICTURE = /\.(jpe?g|png)$/i;

/** A picture file that need not have been read yet. */
interface Candidate {
  /** Path inside FROM. */
  readonly path: string;
  read(): Uint8Array;
}

function fail(message: string): never {
  console.error(`samples: ${message}`);
  process.exit(2);
}

function candidates(from: string): Candidate[] {
  if (!existsSync(from)) fail(`${from} does not exist`);
  if (statSync(from).isDirectory()) {
    const paths = readdirSync(from, { recursive: true }).map(String);
    return paths.map((path) => ({ path, read: () => readFileSync(join(from, path)) }));
  }
  const bytes = readFileSync(from);
  const tar = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  return readTar(tar, from).map(({ path, data }) => ({ path, read: () => data }));
}

/** Equally many of every class, spread evenly over its files; classes take turns. */
function pick(all: readonly Candidate[], count: number): { label: string; candidate: Candidate }[] {
  const classes = new Map<string, Candidate[]>();
  for (const candidate of all) {
    const label = basename(dirname(candidate.path));
    if (!PICTURE.test(candidate.path) || label === '.') continue;
    classes.set(label, [...(classes.get(label) ?? []), candidate]);
  }
  const labels = [...classes.keys()].sort();
  const each = Math.ceil(count / labels.length);
  const rounds = Array.from({ length: each }, (_, round) =>
    labels.flatMap((label) => {
      const files = classes.get(label)!.sort((a, b) => (a.path < b.path ? -1 : 1));
      const candidate = files[Math.floor(((round + 0.5) * files.length) / each)];
      return candidate && round < files.length ? [{ label, candidate }] : [];
    }),
  );
  return rounds.flat().slice(0, count);
}

const { values } = parseArgs({ options: { from: { type: 'string' }, count: { type: 'string', default: '40' } } });
const count = Number(values.count);
if (!values.from) fail('usage: npm run samples -- --from DIR|TAR [--count 40]');
if (!Number.isInteger(count) || count < 1 || count > 500) fail(`--count must be 1..500, not ${values.count}`);
const picked = pick(candidates(values.from), count);
if (picked.length === 0) fail(`${values.from} holds no JPEG or PNG files in folders named after their classes`);

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const samples = picked.map(({ label, candidate }, index) => {
  const file = `${String(index).padStart(3, '0')}${extname(candidate.path).toLowerCase()}`;
  writeFileSync(join(OUT, file), candidate.read());
  return { file, label };
});
writeFileSync(join(OUT, 'manifest.json'), `${JSON.stringify({ samples }, null, 2)}\n`);
console.log(`${OUT}: ${samples.length} pictures in ${new Set(samples.map(({ label }) => label)).size} classes`);
