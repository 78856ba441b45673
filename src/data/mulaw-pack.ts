import { LutraError } from '../errors.js';
import { decodeMuLaw } from '../speech/mulaw.js';
import { labelled } from './arrays.js';
import type { Dataset } from './dataset.js';
import { matchClasses } from './names.js';

/** One second at 16 kHz. */
const CLIP = 16000;
const SAMPLE_RATE = 16000;

/** Contents of the files beside a pack. */
export interface MuLawPackNotes {
  /** Class names in the order of the labels of the pack. */
  readonly classes?: readonly string[];
  /** Text of a table with a header line and the columns `speaker` and `source`, separated by tabs; one line per clip. */
  readonly table?: string;
}

/** Columns `speaker` and `source` of the table, [count] each. */
function readTable(table: string, count: number, name: string) {
  const [header = '', ...lines] = table.trimEnd().split(/\r?\n/);
  const columns = header.split('\t');
  if (lines.length !== count) {
    throw new LutraError('INVALID_DATA', `${name} and its table differ in number`, {
      expected: `${count} lines`,
      actual: `${lines.length}`,
    });
  }
  const column = (title: string) => {
    const at = columns.indexOf(title);
    return at < 0 ? undefined : lines.map((line) => line.split('\t')[at] ?? '');
  };
  return { speakers: column('speaker'), sources: column('source') };
}

/**
 * Data set over a pack of one-second clips at 16 kHz: N label bytes, then N records of 16,000 bytes of µ-law.
 * @param labels class names of the model. Labels of the pack are matched to them by name
 * @throws {LutraError} `INVALID_DATA` when the length, a label or the table does not fit.
 */
export function muLawDataset(
  bytes: Uint8Array,
  name: string,
  notes: MuLawPackNotes = {},
  labels?: readonly string[],
): Dataset {
  const count = bytes.length / (CLIP + 1);
  if (count === 0 || !Number.isInteger(count)) {
    throw new LutraError('INVALID_DATA', `${name} is not a pack of µ-law clips`, {
      expected: `a multiple of ${CLIP + 1} bytes`,
      actual: `${bytes.length}`,
    });
  }
  const classes = notes.classes ?? labels;
  const codes = bytes.subarray(0, count);
  const wrong = classes ? codes.findIndex((code) => code >= classes.length) : -1;
  if (wrong >= 0) {
    throw new LutraError('INVALID_DATA', `${name}: clip ${wrong} has a wrong label`, {
      expected: `0..${classes!.length - 1}`,
      actual: `${codes[wrong]}`,
    });
  }
  const named = classes && Array.from(codes, (code) => classes[code]!);
  const matched = named && matchClasses(named, name, labels ?? classes);
  const { speakers, sources } = notes.table === undefined ? {} : readTable(notes.table, count, name);
  const dataset = labelled(name, count, matched?.labels ?? Int32Array.from(codes), matched?.classes, (i) => {
    const samples = decodeMuLaw(bytes.subarray(count + i * CLIP, count + (i + 1) * CLIP));
    return {
      kind: 'recording',
      name: sources?.[i] ?? `${name}[${i}]`,
      recording: { samples, sampleRate: SAMPLE_RATE },
    };
  });
  const description = `${name}: ${count} recordings in ${new Set(codes).size} classes`;
  return { ...dataset, description, ...(speakers ? { speakers } : {}) };
}
