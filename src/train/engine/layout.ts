import { LutraError } from '../../errors.js';
import { elementCount, formatType } from '../../graph/tensor.js';
import type { Graph, TensorValue } from '../../graph/types.js';
import type { ParameterOptions } from '../types.js';

/** Where a parameter lies in the vector of all parameters. */
export interface Slice {
  readonly name: string;
  readonly dims: readonly number[];
  readonly start: number;
  readonly end: number;
  readonly options: ParameterOptions;
}

/**
 * All parameters one after another in one vector.
 *
 * @throws LutraError `INVALID_ARGUMENT` for a parameter that is not float32, or a rate or decay below 0.
 */
export function layOut(graph: Graph, parameters: ReadonlyMap<string, ParameterOptions>): Slice[] {
  let start = 0;
  return Array.from(parameters, ([name, options]) => {
    const value = graph.initializers.get(name);
    if (value?.type !== 'float32') {
      throw new LutraError('INVALID_ARGUMENT', `the parameter "${name}" cannot be trained`, {
        expected: 'a float32 initializer',
        actual: value ? formatType(value) : 'no initializer',
      });
    }
    for (const [what, number] of Object.entries(options)) {
      if (number === undefined || (Number.isFinite(number) && number >= 0)) continue;
      throw new LutraError('INVALID_ARGUMENT', `the ${what} of the parameter "${name}" is out of range`, {
        expected: 'a finite number of at least 0',
        actual: `${number}`,
      });
    }
    const from = start;
    start += elementCount(value.dims);
    return { name, dims: value.dims, start: from, end: start, options };
  });
}

/** A copy of a part of a vector as a tensor. */
export function readSlice(vector: Float32Array, { dims, start, end }: Slice): TensorValue {
  return { type: 'float32', dims, data: vector.slice(start, end) };
}

/**
 * The float32 data of `tensors.get(name)`.
 *
 * @throws LutraError `INVALID_ARGUMENT` when it is missing or of another shape.
 */
export function floatsOf(tensors: ReadonlyMap<string, TensorValue>, name: string, dims: readonly number[]) {
  const value = tensors.get(name);
  if (value?.type !== 'float32' || `${value.dims}` !== `${dims}` || value.data.length !== elementCount(dims)) {
    throw new LutraError('INVALID_ARGUMENT', `the state does not fit the network: "${name}"`, {
      expected: formatType({ type: 'float32', dims }),
      actual: value ? `${formatType(value)} of ${value.data.length} numbers` : 'nothing',
      hint: 'Load the state of a training of the same network',
    });
  }
  return value.data as Float32Array;
}
