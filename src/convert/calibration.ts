import { LutraError } from '../errors.js';
import { arrayType, elementCount, formatType } from '../graph/tensor.js';
import type { Graph, TensorValue } from '../graph/types.js';
import type { LiveValues } from './segment.js';
import type { Calibration, CalibrationBatch, ConvertControl } from './types.js';

/** Calibration data, checked. */
interface CalibrationData {
  readonly batches: readonly LiveValues[];
  readonly examples: number;
  readonly labels: ArrayLike<number> | undefined;
}

/**
 * Reads all batches and checks them against the graph's inputs.
 * @throws LutraError `INVALID_DATA` when there are none, when one does not fit the model or the others, or holds NaN or Infinity
 */
export async function readCalibration(
  graph: Graph,
  calibration: Calibration,
  { signal, onProgress }: ConvertControl,
): Promise<CalibrationData> {
  const batches: LiveValues[] = [];
  let examples = 0;
  for await (const batch of calibration.feeds) {
    if (signal?.aborted) throw new LutraError('ABORTED', 'the conversion was stopped', { cause: signal.reason });
    const live = checkBatch(graph, batch, batches.length);
    const size = live.values().next().value!.dims[0]!;
    checkAlike(batches[0], live, batches.length);
    batches.push(...splitFixed(graph, live, batches.length));
    examples += size;
    onProgress?.({ stage: 'calibrate', index: 0, layers: 0, fraction: 0, attempt: 1 });
  }
  if (examples === 0) {
    throw new LutraError('INVALID_DATA', 'there is no calibration data', {
      hint: 'Give at least one batch; 512 examples work well',
    });
  }
  const { labels } = calibration;
  if (labels && labels.length !== examples) {
    throw new LutraError('INVALID_DATA', 'labels do not match the calibration data', {
      expected: `${examples} labels`,
      actual: `${labels.length}`,
    });
  }
  return { batches, examples, labels };
}

const isTensor = (batch: CalibrationBatch): batch is TensorValue => Array.isArray(batch.dims);

function checkBatch(graph: Graph, batch: CalibrationBatch, index: number): Map<string, TensorValue> {
  const feeds = isTensor(batch) ? { [graph.inputs[0]?.name ?? '']: batch } : batch;
  const live = new Map<string, TensorValue>();
  for (const { name, type, dims } of graph.inputs) {
    const value = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
    const what = `calibration batch ${index}, input "${name}"`;
    if (!value) {
      const actual = Object.keys(feeds).join(', ');
      throw new LutraError('INVALID_DATA', `${what} is missing`, { expected: name, actual });
    }
    const fits =
      value.type === type &&
      (!dims ||
        (dims.length === value.dims.length &&
          dims.every((d, i) => i === 0 || typeof d === 'string' || d === value.dims[i])));
    if (!fits || value.type === 'string' || !(value.data instanceof arrayType(value.type))) {
      throw new LutraError('INVALID_DATA', `${what} does not fit the model`, {
        expected: `${type}[${dims ?? 'any shape'}]`,
        actual: formatType(value),
      });
    }
    if (value.dims.length === 0 || elementCount(value.dims) === 0 || value.data.length !== elementCount(value.dims)) {
      throw new LutraError('INVALID_DATA', `${what} is empty or does not fit its shape`, {
        expected: 'at least one example',
        actual: `${formatType(value)} with ${value.data.length} elements`,
      });
    }
    if (value.data instanceof Float32Array && !value.data.every(Number.isFinite)) {
      throw new LutraError('INVALID_DATA', `${what} holds NaN or Infinity`, {
        hint: 'Check the data and its preprocessing',
      });
    }
    live.set(name, value);
  }
  if (new Set([...live.values()].map(({ dims }) => dims[0])).size !== 1) {
    throw new LutraError('INVALID_DATA', `calibration batch ${index}: inputs differ in their number of examples`);
  }
  return live;
}

function checkAlike(first: LiveValues | undefined, live: LiveValues, index: number): void {
  for (const [name, { dims }] of live) {
    const expected = first?.get(name)?.dims ?? dims;
    if (dims.length === expected.length && dims.every((d, i) => i === 0 || d === expected[i])) continue;
    const what = `calibration batch ${index}, input "${name}"`;
    throw new LutraError('INVALID_DATA', `${what} has another shape than the batches before`, {
      expected: `[N,${expected.slice(1)}]`,
      actual: `[${dims}]`,
      hint: 'Resize all examples to one size',
    });
  }
}

/** Cuts a batch into pieces of the model's own batch size, where that is fixed. */
function splitFixed(graph: Graph, live: Map<string, TensorValue>, index: number): LiveValues[] {
  const declared = graph.inputs.map(({ dims }) => dims?.[0]).find((dim) => typeof dim === 'number');
  const size = live.values().next().value!.dims[0]!;
  if (declared === undefined || declared === size) return [live];
  if (declared === 0 || size % declared !== 0) {
    throw new LutraError('INVALID_DATA', `calibration batch ${index} does not fit the model's fixed batch size`, {
      expected: `a multiple of ${declared} examples`,
      actual: `${size}`,
    });
  }
  return Array.from(
    { length: size / declared },
    (_, part) => new Map(Array.from(live, ([name, value]) => [name, examplesOf(value, part * declared, declared)])),
  );
}

/** Some examples of a batch. @param first the first of them */
export function examplesOf({ type, dims, data }: TensorValue, first: number, count: number): TensorValue {
  const length = data.length / dims[0]!;
  return { type, dims: [count, ...dims.slice(1)], data: data.slice(first * length, (first + count) * length) };
}
