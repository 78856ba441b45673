import { examplesOf } from '../../convert/calibration.js';
import { LutraError } from '../../errors.js';
import { elementCount, formatType } from '../../graph/tensor.js';
import type { Graph, TensorValue } from '../../graph/types.js';
import type { Feeds } from './shard.js';

/**
 * Cuts a batch into micro-batches.
 *
 * @throws LutraError `INVALID_ARGUMENT` when a feed is missing, unknown, of another type or shape, or the batch is no multiple of the micro-batch.
 */
export function splitBatch(graph: Graph, feeds: Readonly<Record<string, TensorValue>>, microBatch: number): Feeds[] {
  const known = new Set(graph.inputs.map(({ name }) => name));
  for (const name of Object.keys(feeds)) {
    if (!known.has(name)) throw wrong(`the network has no input "${name}"`, [...known].join(', '), name);
  }
  let count: number | undefined;
  for (const { name, type, dims } of graph.inputs) {
    const value = feeds[name];
    const rest = (dims ?? []).slice(1);
    const expected = `${type}[${['batch', ...rest]}]`;
    if (!value) throw wrong(`the input "${name}" is missing`, expected, 'nothing');
    const fits = value.type === type && `${value.dims.slice(1)}` === `${rest}` && value.dims.length === rest.length + 1;
    if (!fits || value.data.length !== elementCount(value.dims)) {
      throw wrong(`the input "${name}" does not fit`, expected, formatType(value));
    }
    const batch = value.dims[0]!;
    if (batch === 0 || batch % microBatch || batch !== (count ?? batch)) {
      const multiple = `${count ?? `a multiple of ${microBatch}`}`;
      throw wrong(`the batch of the input "${name}" does not fit`, multiple, `${batch}`);
    }
    count = batch;
  }
  const parts = (count ?? 0) / microBatch;
  return Array.from({ length: parts }, (_, part) =>
    Object.fromEntries(graph.inputs.map(({ name }) => [name, examplesOf(feeds[name]!, part * microBatch, microBatch)])),
  );
}

function wrong(message: string, expected: string, actual: string): LutraError {
  return new LutraError('INVALID_ARGUMENT', message, { expected, actual });
}
