import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Calibration, type ConvertOptions, convert } from '../../src/convert/index.js';
import { Executor } from '../../src/engine/executor.js';
import { raiseOpset } from '../../src/graph/passes/raise-opset.js';
import { simplify } from '../../src/graph/passes/simplify.js';
import type { Graph } from '../../src/graph/types.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import { quantize, type RangeRule } from '../networks/quantize.js';
import { sourceHash } from '../suite/models.js';
import type { LabelledBatches, Task } from './tasks.js';

/** Real examples that activation ranges of the int8 network come from, and others that the ranges are compared on. */
const RANGE_EXAMPLES = 200;
const COMPARE_EXAMPLES = 1000;
const CONVERT_EXAMPLES = 500;

/** Lookup networks beside the shipped one: points of a curve. */
const CONVERSIONS: Readonly<Record<string, ConvertOptions>> = {
  'int8 by Lutra': { family: 'integer', layers: 'all' },
  'converted, patch, K = 16': { geometry: { conv: { kind: 'patch', channels: 1 } }, centroids: 16, stem: 'integer' },
};

const CONVERTED = join(process.cwd(), 'build/bench/converted');

export interface Form {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The dense network in int8, as onnxruntime's own tool writes it: static ranges from {@link RANGE_EXAMPLES} training examples, by the rule
 * that is right more often on other training examples.
 */
export async function int8Form(task: Task): Promise<Form & { readonly rule: RangeRule }> {
  const graph = raiseOpset(simplify(task.graph, COMPLETE_RUNTIME.operators), COMPLETE_RUNTIME.operators);
  const input = graph.inputs[0]!.name;
  const { calibration, heldOut } = await task.calibration(RANGE_EXAMPLES, COMPARE_EXAMPLES);
  const feeds = calibration.feeds.map((value) => ({ [input]: value }));
  let best: { readonly graph: Graph; readonly rule: RangeRule; readonly right: number } | undefined;
  for (const rule of ['min-max', 'percentile'] as const) {
    const candidate = await quantize(graph, feeds, rule);
    const right = await countRight(candidate, heldOut);
    if (!best || right > best.right) best = { graph: candidate, rule, right };
  }
  return { name: `int8 (${best!.rule})`, rule: best!.rule, bytes: serializeModel(best!.graph) };
}

async function countRight(graph: Graph, { feeds, labels }: LabelledBatches): Promise<number> {
  const executor = await Executor.create(graph, COMPLETE_RUNTIME, { threads: 1 });
  try {
    let right = 0;
    let at = 0;
    for (const value of feeds) {
      const { data, dims } = executor.run({ [graph.inputs[0]!.name]: value })[graph.outputs[0]!.name]!;
      const classes = dims[1]!;
      for (let row = 0; row < dims[0]!; row++) {
        const scores = (data as Float32Array).subarray(row * classes, (row + 1) * classes);
        if (scores.indexOf(Math.max(...scores)) === labels[at++]) right++;
      }
    }
    return right;
  } finally {
    executor.dispose();
  }
}

/** Conversions of the dense network, from an earlier run or made now. */
export async function convertedForms(task: Task): Promise<Form[]> {
  // A conversion is made anew when the converter changed.
  const code = sourceHash(['src/convert', 'src/lut']);
  const forms: Form[] = [];
  let given: Calibration | undefined;
  for (const [name, options] of Object.entries(CONVERSIONS)) {
    const key = createHash('sha256')
      .update(task.dense)
      .update(JSON.stringify([options, CONVERT_EXAMPLES, code]));
    const path = join(CONVERTED, `${task.id}.${key.digest('hex').slice(0, 16)}.onnx`);
    if (!existsSync(path)) {
      given ??= (await task.calibration(CONVERT_EXAMPLES, 0)).calibration;
      mkdirSync(CONVERTED, { recursive: true });
      writeFileSync(path, serializeModel((await convert(task.graph, given, options)).graph));
    }
    forms.push({ name, bytes: readFileSync(path) });
  }
  return forms;
}
