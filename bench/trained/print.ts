import { ENGINES } from '../measure/engines.js';
import { paretoFront } from './pareto.js';
import type { TrainedRow } from './results.js';

const times = (from: TrainedRow | undefined, to: TrainedRow) =>
  from ? `${(from.milliseconds / to.milliseconds).toFixed(2)}×` : '';

/** A table of one task; the ratios say how many times as fast a file is as onnxruntime-web's, in the same run. */
export function printTask(title: string, rows: readonly TrainedRow[]): void {
  const of = (engine: TrainedRow['engine']) => rows.find((row) => row.engine === engine);
  const front = new Set(paretoFront(rows));
  const header = ['', 'accuracy', 'ms', 'MB', 'int8 ×', 'float32 ×', 'on the front'];
  const table = [
    header,
    ...rows.map((row) => [
      `${ENGINES[row.engine].title}: ${row.form}`,
      `${(100 * row.accuracy).toFixed(2)} %`,
      row.milliseconds.toFixed(3),
      (row.bytes / 1e6).toFixed(2),
      times(of('ort-int8'), row),
      times(of('ort-f32'), row),
      front.has(row) ? 'yes' : '',
    ]),
  ];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  console.log(`\n${title}, ${rows[0]?.examples ?? 0} test examples`);
  for (const row of table) {
    console.log(
      row.map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  '),
    );
  }
}
