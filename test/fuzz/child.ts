/** A process that runs cases one after the other. Its parent is told of each one first, and ends the process when it takes too long. */
import { corpus } from './corpus.js';
import { makeCase, runCase } from './run-case.js';

/** The first arguments of the process. */
export interface Assignment {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** What it sends: a case that begins, one that failed, and now and then how many ended how. */
export type Report =
  | { readonly kind: 'begins'; readonly index: number }
  | { readonly kind: 'failed'; readonly index: number; readonly detail: string }
  | { readonly kind: 'counts'; readonly refused: number; readonly planned: number; readonly ran: number };

const NONE = { refused: 0, planned: 0, ran: 0 };
const EVERY = 64;

const [seed, from, to] = process.argv.slice(2).map(Number) as [number, number, number];
const send = (report: Report) => new Promise<void>((resolve) => process.send!(report, () => resolve()));
const seeds = corpus();
let counts = NONE;
for (let index = from; index < to; index++) {
  await send({ kind: 'begins', index });
  const { kind, detail } = await runCase(makeCase(seeds, seed, index).bytes);
  if (kind === 'failed') await send({ kind, index, detail });
  else counts = { ...counts, [kind]: counts[kind] + 1 };
  if (index % EVERY === EVERY - 1 || index === to - 1) {
    await send({ kind: 'counts', ...counts });
    counts = NONE;
  }
}
process.disconnect();
