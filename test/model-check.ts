import * as ort from 'onnxruntime-node';
import { Executor } from '../src/engine/executor.js';
import { LutraError } from '../src/errors.js';
import { optimize } from '../src/graph/passes/optimize.js';
import { allocate, elementCount, formatType } from '../src/graph/tensor.js';
import type { DataType, Graph, TensorValue, ValueInfo } from '../src/graph/types.js';
import { parseModel } from '../src/onnx/parse.js';
import { decodeHalf, encodeHalf } from '../src/ops/half.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { EXACT_SUMS } from './onnxruntime.js';
import { generator } from './random-graph.js';

/** Largest error at which a network counts as equal. */
const TOLERANCE = 1e-4;
/** Outputs whose largest value is smaller than this are compared absolutely: runtimes give sigmoids to 1e-7, not to seven digits. */
const SMALLEST = 1e-2;
/** Integer inputs are mostly indices and token numbers: small ones exist in every vocabulary. */
const INTEGERS = 10;

export interface CheckOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Sizes of symbolic dimensions by name. Default: 1 each. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /** Whole shapes of inputs by name, for dimensions that have none. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Inputs that hold one number everywhere, such as a sample rate. */
  readonly fills?: Readonly<Record<string, number>>;
}

export interface CheckFailure {
  /** A code of LutraError; `MISMATCH` when results differ; `REFERENCE` when onnxruntime does not run the network. */
  readonly code: string;
  readonly message: string;
  readonly node?: string;
  readonly expected?: string;
  readonly actual?: string;
  readonly hint?: string;
}

export interface CheckResult {
  readonly ok: boolean;
  /** Missing when the network did not run. */
  readonly max_rel_error?: number;
  readonly definition?: string;
  /** For quantized networks: how far onnxruntime's integer kernels are from its simulation in floats. */
  readonly reference_spread?: number;
  readonly outputs?: number;
  readonly feeds?: readonly string[];
  readonly error?: CheckFailure;
}

const DEFINITION = `max over outputs of max|a - b| / max(${SMALLEST}, max|b|), b from onnxruntime`;

/**
 * A network that quantizes what it computed in floats amplifies roundings: values on the edge between two integers fall to either side,
 * in onnxruntime as well. Such a network may differ by this many times what onnxruntime differs from itself. Networks that compute
 * with integers from one quantized value to the next must be equal.
 */
const SPREADS = 2;

/** Runs a network dense, as a session does, and compares it with onnxruntime on seeded random feeds. */
export async function checkModel(bytes: Uint8Array, options: CheckOptions = {}): Promise<CheckResult> {
  let feeds: Readonly<Record<string, TensorValue>>;
  let results: Readonly<Record<string, TensorValue>>;
  let quantized: boolean;
  let roundsFloats: boolean;
  try {
    const graph = parseModel(bytes);
    quantized = graph.nodes.some(({ op }) => op === 'QuantizeLinear' || op === 'DynamicQuantizeLinear');
    feeds = randomFeeds(graph.inputs, options);
    roundsFloats = quantizesFloats(optimize(graph, COMPLETE_RUNTIME));
    const executor = await Executor.create(graph, COMPLETE_RUNTIME, { dimensions: options.dimensions ?? {} });
    results = executor.run(feeds);
    executor.dispose();
  } catch (thrown) {
    const { code, message, node, expected, actual, hint } = LutraError.from(thrown);
    const details = Object.entries({ node, expected, actual, hint }).filter(([, text]) => text !== undefined);
    return { ok: false, error: { code, message, ...Object.fromEntries(details) } };
  }
  let reference: Readonly<Record<string, ort.Tensor>>;
  let spread: number | undefined;
  let definition: string;
  try {
    const level = quantized ? 'all' : 'disabled';
    reference = await runReference(bytes, feeds, level);
    definition = `${DEFINITION} ${quantized ? 'with its integer kernels' : 'without graph rewriting'}`;
    if (quantized) spread = worst(reference, valuesOf(await runReference(bytes, feeds, 'disabled'))).error;
  } catch (thrown) {
    return { ok: false, error: { code: 'REFERENCE', message: `onnxruntime: ${(thrown as Error).message}` } };
  }
  const { name, error } = worst(reference, results);
  const facts = {
    max_rel_error: error,
    definition,
    ...(spread === undefined ? {} : { reference_spread: spread }),
    outputs: Object.keys(reference).length,
    feeds: Object.entries(feeds).map(([input, feed]) => `${input}: ${formatType(feed)}`),
  };
  const tolerated = roundsFloats ? SPREADS * (spread ?? 0) : 0;
  if (error <= Math.max(TOLERANCE, tolerated)) return { ok: true, ...facts };
  const [b, a] = [reference[name]!, results[name]];
  const message = `output "${name}" differs from onnxruntime's`;
  const sample = (data: ArrayLike<unknown>) => `[${Array.from(data).slice(0, 4).join(', ')}, …]`;
  return {
    ok: false,
    ...facts,
    error: {
      code: 'MISMATCH',
      message,
      expected: `${b.type}[${b.dims.join(',')}] ${sample(b.data as ArrayLike<unknown>)}`,
      actual: a ? `${formatType(a)} ${sample(a.data)}` : 'no such output',
    },
  };
}

/** Whether anything but an input is quantized that integer arithmetic did not compute. */
function quantizesFloats({ inputs, nodes }: Graph): boolean {
  const fed = new Set(inputs.map(({ name }) => name));
  const scaled = new Set<string | undefined>();
  for (const { op, inputs, outputs } of nodes) if (op === 'Div' && !fed.has(inputs[0]!)) scaled.add(outputs[0]);
  return nodes.some(
    ({ op, inputs }) =>
      ['QuantizeLinear', 'DynamicQuantizeLinear'].includes(op) || (op === 'Round' && scaled.has(inputs[0])),
  );
}

/** Floats in −1..1; integers 0..9; bools either. */
function randomFeeds(
  inputs: readonly ValueInfo[],
  { seed = 1, dimensions = {}, shapes = {}, fills = {} }: CheckOptions,
): Record<string, TensorValue> {
  const random = generator(seed);
  const entries = inputs.map(({ name, type, dims }): [string, TensorValue] => {
    const shape = shapes[name] ?? dims?.map((dim) => (typeof dim === 'number' ? dim : (dimensions[dim] ?? 1)));
    if (!shape) throw new LutraError('INVALID_ARGUMENT', `input "${name}" declares no shape`, { hint: 'Give --shape' });
    const count = elementCount(shape);
    const numbers = Float64Array.from({ length: count }, () => fills[name] ?? draw(type, random()));
    return [name, store(type, shape, numbers)];
  });
  return Object.fromEntries(entries);
}

function draw(type: DataType, uniform: number): number {
  if (type.startsWith('float')) return uniform * 2 - 1;
  return Math.floor(uniform * (type === 'bool' ? 2 : INTEGERS));
}

function store(type: DataType, dims: readonly number[], numbers: Float64Array): TensorValue {
  const value = allocate(type, dims);
  if (type === 'float16') encodeHalf(numbers, value.data as Uint16Array);
  else for (const [i, x] of numbers.entries()) value.data[i] = type.endsWith('int64') ? BigInt(x) : x;
  return value;
}

async function runReference(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, TensorValue>>,
  graphOptimizationLevel: 'disabled' | 'all',
): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(bytes, {
    graphOptimizationLevel,
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    ...EXACT_SUMS,
  });
  try {
    const tensors = Object.entries(feeds).map(([name, { type, dims, data }]) => [
      name,
      new ort.Tensor(type as 'float32', data as Float32Array, dims),
    ]);
    return await session.run(Object.fromEntries(tensors));
  } finally {
    await session.release();
  }
}

function valuesOf(tensors: Readonly<Record<string, ort.Tensor>>): Record<string, TensorValue> {
  const entries = Object.entries(tensors).map(([name, { type, dims, data }]) => [name, { type, dims, data }]);
  return Object.fromEntries(entries) as Record<string, TensorValue>;
}

/** The output that differs most. */
function worst(
  expected: Readonly<Record<string, ort.Tensor>>,
  actual: Readonly<Record<string, TensorValue>>,
): { readonly name: string; readonly error: number } {
  return Object.entries(expected)
    .map(([name, tensor]) => ({ name, error: relativeError(tensor, actual[name]) }))
    .reduce((most, other) => (other.error > most.error ? other : most));
}

/** Infinite when types or shapes differ, or when a NaN or infinity is not in both. */
function relativeError(expected: ort.Tensor, actual: TensorValue | undefined): number {
  if (!actual || expected.type !== actual.type || expected.dims.join() !== actual.dims.join()) return Infinity;
  const [a, b] = [numbersOf(actual.type, actual.data), numbersOf(actual.type, expected.data as TensorValue['data'])];
  const size = b.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), SMALLEST);
  return b.reduce((most, x, i) => {
    if (Object.is(x, a[i]) || x === a[i]) return most;
    const error = Math.abs(x - a[i]!) / size;
    return Number.isNaN(error) ? Infinity : Math.max(most, error);
  }, 0);
}

function numbersOf(type: DataType, data: TensorValue['data']): Float64Array {
  if (type === 'string') throw new LutraError('UNSUPPORTED', 'string outputs are not compared');
  return Float64Array.from((type === 'float16' ? decodeHalf(data as Uint16Array) : data) as ArrayLike<number>, Number);
}
