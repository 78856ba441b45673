import type { Environment } from '../measure/results.js';
import type { EngineId } from '../measure/types.js';
import type { Point } from './pareto.js';

/** One file in one engine: its accuracy, its time and its bytes. */
export interface TrainedRow extends Point {
  readonly task: string;
  readonly engine: EngineId;
  /** What people call the file: `float32`, `int8`, or a kind of lookup network. */
  readonly form: string;
  readonly file: string;
  readonly bytes: number;
  /** Examples that the accuracy is of. */
  readonly examples: number;
  readonly threads: number;
  /** Whether the file looks results up. */
  readonly lookups: boolean;
  /** Whether the file comes with Lutra. */
  readonly shipped: boolean;
}

/** What `npm run bench -- --suite trained` writes, and the benchmark page draws. */
export interface TrainedResults {
  readonly environment: Environment;
  readonly tasks: readonly { readonly id: string; readonly title: string; readonly data: string }[];
  readonly rows: readonly TrainedRow[];
  /** Of every task the rows that no other beats in accuracy and time. */
  readonly pareto: readonly TrainedRow[];
  readonly failures: readonly string[];
}
