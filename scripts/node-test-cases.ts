/** The ONNX project's node tests: a model, inputs and expected outputs each (onnx/backend/test/data/node). */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { readTar } from '../src/data/tar.js';
import { Executor } from '../src/engine/executor.js';
import { LutraError } from '../src/errors.js';
import { allocate, formatType } from '../src/graph/tensor.js';
import type { Graph, TensorValue } from '../src/graph/types.js';
import { parseModel } from '../src/onnx/parse.js';
import { parseTensor } from '../src/onnx/tensor.js';
import { COMPLETE_OPERATORS } from '../src/ops/complete.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';

/** The tolerances of the ONNX project's own runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

/** Files of one test by their path inside its folder, e.g. `test_data_set_0/input_0.pb`. */
export interface NodeTest {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface Verdict {
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'unsupported';
  /** Why a test did not pass. */
  readonly reason: string;
  /** The graph, where the file could be read. */
  readonly graph: Graph | undefined;
}

/** `engine`: planned and run like in a session. `reference`: every node by its plain evaluation. */
export type Mode = 'engine' | 'reference';

function* filesUnder(directory: string, prefix = ''): Generator<[path: string, bytes: () => Uint8Array]> {
  for (const entry of readdirSync(join(directory, prefix), { withFileTypes: true })) {
    const path = prefix ? `${prefix}/${entry.name}` : entry.name;
    if (entry.isDirectory()) yield* filesUnder(directory, path);
    else yield [path, () => readFileSync(join(directory, path))];
  }
}

/** Reads all tests of a folder, a .tar or a .tar.gz, in order of their names. */
export function readNodeTests(path: string): NodeTest[] {
  const tests = new Map<string, Map<string, Uint8Array>>();
  const add = (file: string, bytes: () => Uint8Array) => {
    const match = /(?:^|\/)(test_[^/]+)\/(model\.onnx|test_data_set_\d+\/(?:in|out)put_\d+\.pb)$/.exec(file);
    if (!match) return;
    const files = tests.get(match[1]!) ?? new Map<string, Uint8Array>();
    tests.set(match[1]!, files.set(match[2]!, bytes()));
  };
  if (statSync(path).isDirectory()) for (const [file, bytes] of filesUnder(path)) add(file, bytes);
  else {
    const bytes = readFileSync(path);
    const archive = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    for (const entry of readTar(archive, path)) add(entry.path, () => entry.data);
  }
  return [...tests].map(([name, files]) => ({ name, files })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readValues(files: NodeTest['files'], set: string, kind: 'input' | 'output', count: number): TensorValue[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = files.get(`${set}/${kind}_${i}.pb`);
    if (!bytes) throw new Error(`${set} has no ${kind} ${i}`);
    // An aligned copy: raw data is viewed in place.
    return parseTensor(fromBinary(TensorProtoSchema, bytes.slice()), `${kind} ${i}`);
  });
}

/** Runs every node by its own `evaluate`. */
export function evaluateGraph(graph: Graph, feeds: Readonly<Record<string, TensorValue>>): Record<string, TensorValue> {
  const values = new Map([...graph.initializers, ...Object.entries(feeds)]);
  for (const node of graph.nodes) {
    const opset = graph.opset[node.domain] ?? 1;
    const operator = COMPLETE_OPERATORS.find(node.domain, node.op, opset);
    if (!operator)
      throw new LutraError('UNSUPPORTED', `operator ${node.domain}:${node.op} version ${opset} does not run`);
    const inputs = node.inputs.map((name) => (name ? values.get(name) : undefined));
    const types = operator.infer({ node, opset, inputs: inputs.map((value) => value && { ...value, value }) });
    const outputs = types.map(({ type, dims }) => allocate(type, dims));
    operator.evaluate({ node, opset, inputs }, outputs);
    for (const [i, value] of outputs.entries()) values.set(node.outputs[i]!, value);
  }
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, values.get(name)!]));
}

/**
 * Runs a graph as a session does. The node tests feed shapes, axes and the like as inputs of the graph; where planning needs
 * them as constants, as they are in exported networks, they are bound first: all but the first input, then all.
 */
async function runGraph(
  graph: Graph,
  feeds: Readonly<Record<string, TensorValue>>,
): Promise<Record<string, TensorValue>> {
  for (const free of [graph.inputs.length, 1, 0]) {
    const inputs = graph.inputs.slice(0, free);
    const bound = graph.inputs.slice(free).map(({ name }) => [name, feeds[name]!] as const);
    try {
      const initializers = new Map([...graph.initializers, ...bound]);
      const executor = await Executor.create({ ...graph, inputs, initializers }, COMPLETE_RUNTIME);
      try {
        return executor.run(Object.fromEntries(inputs.map(({ name }) => [name, feeds[name]!])));
      } finally {
        executor.dispose();
      }
    } catch (thrown) {
      if (free === 0 || LutraError.from(thrown).code !== 'UNSUPPORTED') throw thrown;
    }
  }
  throw new Error('unreachable');
}

/** The first difference between two tensors, or undefined. */
export function difference(actual: TensorValue, expected: TensorValue): string | undefined {
  if (formatType(actual) !== formatType(expected)) return `${formatType(actual)} instead of ${formatType(expected)}`;
  const wide = (value: TensorValue) => (value.type === 'float16' ? halves(value) : (value.data as ArrayLike<number>));
  const [a, b] = [wide(actual), wide(expected)];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const close = typeof x === 'number' && Math.abs(x - y) <= ABSOLUTE + RELATIVE * Math.abs(y);
    if (!close || !/^float/.test(expected.type)) return `element ${i} is ${x} instead of ${y}`;
  }
  return undefined;
}

function halves(value: TensorValue): Float32Array {
  const out: TensorValue = allocate('float32', value.dims);
  const node = { name: 'widen', op: 'Cast', domain: '', inputs: ['x'], outputs: ['y'], attributes: { to: 1 } };
  COMPLETE_OPERATORS.find('', 'Cast', 13)!.evaluate({ node, opset: 13, inputs: [value] }, [out]);
  return out.data as Float32Array;
}

/** Runs all data sets of a test. Only a typed error of code UNSUPPORTED counts as unsupported. */
export async function runNodeTest(test: NodeTest, mode: Mode): Promise<Verdict> {
  let graph: Graph | undefined;
  const verdict = (kind: Verdict['verdict'], reason = ''): Verdict => ({
    name: test.name,
    verdict: kind,
    reason,
    graph,
  });
  try {
    graph = parseModel(test.files.get('model.onnx')!);
    const sets = new Set(
      [...test.files.keys()].filter((file) => file.includes('/')).map((file) => file.split('/')[0]!),
    );
    for (const set of sets) {
      const inputs = readValues(test.files, set, 'input', graph.inputs.length);
      const expected = readValues(test.files, set, 'output', graph.outputs.length);
      const feeds = Object.fromEntries(graph.inputs.map(({ name }, i) => [name, inputs[i]!]));
      const actual = mode === 'engine' ? await runGraph(graph, feeds) : evaluateGraph(graph, feeds);
      for (const [i, { name }] of graph.outputs.entries()) {
        const wrong = difference(actual[name]!, expected[i]!);
        if (wrong) return verdict('failed', `${set}, output ${name}: ${wrong}`);
      }
    }
    return verdict('passed');
  } catch (thrown) {
    const unsupported = thrown instanceof LutraError && thrown.code === 'UNSUPPORTED';
    return verdict(unsupported ? 'unsupported' : 'failed', thrown instanceof Error ? thrown.message : String(thrown));
  }
}
