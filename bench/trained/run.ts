/** The suite `trained`: accuracy, time and bytes of one file each, all engines in one run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { factsOf } from '../../src/lut/facts.js';
import { parseModel } from '../../src/onnx/parse.js';
import type { InputSpec } from '../measure/network.js';
import { quantile } from '../measure/statistics.js';
import type { Contender, EngineId } from '../measure/types.js';
import type { SuiteOptions } from '../suite/arguments.js';
import type { BrowserTab } from '../suite/browsers.js';
import { measureInPage, openMeasuring } from '../suite/collect.js';
import { MODEL_FOLDER } from '../suite/models.js';
import type { BenchServer } from '../suite/server.js';
import { convertedForms, type Form, int8Form } from './forms.js';
import { paretoFront } from './pareto.js';
import { printTask } from './print.js';
import type { TrainedResults, TrainedRow } from './results.js';
import { type Task, trainedTasks } from './tasks.js';

export const TRAINED = 'trained';
/** What the benchmark page draws. */
const RECORDED = join(process.cwd(), 'public/results/trained/trained.json');

/** One file for one engine. */
interface Entry extends Form {
  readonly engine: EngineId;
  readonly shipped: boolean;
}

/** Measures all shipped models, prints a table of each, and writes what `--json` and `--record` ask for. */
export async function runTrained(tab: BrowserTab, server: BenchServer, options: SuiteOptions): Promise<void> {
  const tasks = trainedTasks().filter(({ id }) => options.networks?.includes(id) ?? true);
  mkdirSync(MODEL_FOLDER, { recursive: true });
  const { environment } = await openMeasuring(tab, server, options);
  const rows: TrainedRow[] = [];
  const failures: string[] = [];
  const write = () => {
    const results: TrainedResults = {
      environment,
      tasks: tasks.map(({ id, title, data }) => ({ id, title, data })),
      rows,
      pareto: tasks.flatMap(({ id }) => paretoFront(rows.filter(({ task }) => task === id))),
      failures,
    };
    for (const path of [options.json, options.record ? RECORDED : undefined]) {
      if (path === undefined) continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
    }
  };
  for (const task of tasks) {
    process.stderr.write(`Preparing ${task.title} …\n`);
    const entries = await taskEntries(task, options);
    try {
      const measured = await measureTask(task, entries, tab, server, options);
      rows.push(...measured.rows);
      failures.push(...measured.failures.map((failure) => `${task.title}: ${failure}`));
      printTask(task.title, measured.rows);
    } catch (thrown) {
      failures.push(`${task.title}: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
    // After every task, so that results of a run that is stopped are kept.
    write();
  }
  if (failures.length > 0) {
    console.error(`\nNot measured:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
    process.exitCode = 1;
  }
}

async function taskEntries(task: Task, { engines }: SuiteOptions): Promise<Entry[]> {
  const int8 = await int8Form(task);
  const lookups = await convertedForms(task);
  const all: Entry[] = [
    { engine: 'ort-f32', name: 'float32', bytes: task.dense, shipped: false },
    { engine: 'ort-int8', ...int8, shipped: false },
    { engine: 'tfjs', name: 'float32', bytes: task.dense, shipped: false },
    { engine: 'lutra-dense', name: 'float32', bytes: task.dense, shipped: true },
    { engine: 'lutra', name: 'shipped lookups', bytes: task.lut, shipped: true },
    ...lookups.map((form): Entry => ({ engine: 'lutra', ...form, shipped: false })),
  ];
  return all.filter(({ engine }) => engines.includes(engine));
}

async function measureTask(
  task: Task,
  entries: readonly Entry[],
  tab: BrowserTab,
  server: BenchServer,
  { threads, wasm, samples }: SuiteOptions,
): Promise<{ readonly rows: readonly TrainedRow[]; readonly failures: readonly string[] }> {
  const test = await task.test();
  const serve = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(MODEL_FOLDER, name), bytes);
    return server.address(`models/${name}`);
  };
  const files = entries.map(({ engine, bytes }, i) => {
    const file = `${task.id}.${i}.${engine}.onnx`;
    return { file, address: serve(file, bytes) };
  });
  const contenders = entries.map(({ engine }, i): Contender => ({ engine, threads, wasm, file: files[i]!.address }));
  const inputs = task.graph.inputs.map(
    ({ name, dims }): InputSpec => ({
      name,
      type: 'float32',
      dims: dims!.map((size) => (typeof size === 'number' ? size : 1)),
    }),
  );
  const example = [...test.inputs.subarray(0, test.inputs.length / test.labels.length)];
  const { inputs: tests } = test;
  const address = serve(`${task.id}.test`, new Uint8Array(tests.buffer, tests.byteOffset, tests.byteLength));
  await tab.open(server.address('measure.html'));
  const network = { id: task.id, title: task.title, inputs, models: {}, example };
  const measured = await measureInPage(tab, {
    network,
    contenders,
    samples,
    test: { inputs: address, labels: test.labels },
  });
  const rows = measured.engines.map(({ contender, correct, samples: times, threads: used }): TrainedRow => {
    const at = files.findIndex(({ address }) => address === contender.file);
    const { engine, name, bytes, shipped } = entries[at]!;
    return {
      task: task.id,
      engine,
      form: name,
      file: files[at]!.file,
      bytes: bytes.length,
      accuracy: correct! / test.labels.length,
      examples: test.labels.length,
      milliseconds: quantile(times, 0.5),
      threads: used,
      lookups: parseModel(bytes).nodes.some((node) => factsOf(node)?.result === 'codes'),
      shipped,
    };
  });
  return { rows, failures: measured.failures };
}
