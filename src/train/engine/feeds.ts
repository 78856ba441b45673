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
    if (!value)
      throw wrong(`the input "${name}" is missing`, `${type}[batch${rest.map((d) => `,${d}`).join('')}]`, 'nothing');
    const fits = value.type === type && `${value.dims.slice(1)}` === `${rest}` && value.dims.length === rest.length + 1;
    if (!fits || value.data.length !== elementCount(value.dims)) {
      throw wrong(
        `the input "${name}" does not fit`,
        `${type}[batch${rest.map((d) => `,${d}`).join('')}]`,
        formatType(value),
      );
    }
    const batch = value.dims[0]!;
    if (batch === 0 || batch % microBatch || batch !== (count ?? batch)) {
      throw wrong(
        `the batch of the input "${name}" does not fit`,
        `${count ?? `a multiple of ${microBatch}`}`,
        `${batch}`,
      );
    }
    count = batch;
  }
  const parts = (count ?? 0) / microBatch;
  return Array.from({ length: parts }, (_, part) =>
    Object.fromEntries(
      graph.inputs.map(({ name }) => {
        const { type, dims, data } = feeds[name]!;
        const size = (data.length / dims[0]!) * microBatch;
        return [name, { type, dims: [microBatch, ...dims.slice(1)], data: data.slice(part * size, (part + 1) * size) }];
      }),
    ),
  );
}

function wrong(message: string, expected: string, actual: string): LutraError {
  return new LutraError('INVALID_ARGUMENT', message, { expected, actual });
}
