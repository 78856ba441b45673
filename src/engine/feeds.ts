import { LutraError } from '../errors.js';
import { arrayType, elementCount, formatType } from '../graph/tensor.js';
import type { TensorValue, ValueInfo } from '../graph/types.js';

/**
 * Checks that `feeds` holds exactly the inputs, each of the declared type and shape. A symbol may stand for several sizes: exporters name
 * sizes alike that differ. A scalar may come as `[1]`.
 *
 * @throws LutraError `INVALID_ARGUMENT` naming the input, what it should be and what it is.
 */
export function checkFeeds(inputs: readonly ValueInfo[], feeds: Readonly<Record<string, TensorValue>>): void {
  const names = inputs.map((input) => input.name);
  for (const name of Object.keys(feeds)) {
    if (!names.includes(name)) throw wrong(`there is no input "${name}"`, quote(names), quote(Object.keys(feeds)));
  }
  for (const input of inputs) {
    const { name } = input;
    if (!Object.hasOwn(feeds, name)) throw wrong(`input "${name}" is missing`, quote(names), quote(Object.keys(feeds)));
    const feed = feeds[name]!;
    checkTensor(feed, `input "${name}"`);
    if (feed.type !== input.type) throw wrong(`input "${name}" has the wrong type`, input.type, feed.type);
    const { dims } = input;
    if (!dims) continue;
    const fits =
      dims.length === feed.dims.length && dims.every((dim, axis) => typeof dim === 'string' || dim === feed.dims[axis]);
    if (!fits && !(dims.length === 0 && `${feed.dims}` === '1')) {
      throw wrong(
        `input "${name}" has the wrong shape`,
        `[${dims.map((dim) => (dim === '' ? '?' : dim))}]`,
        `[${feed.dims}]`,
      );
    }
  }
}

/** Checks that a tensor's parts belong together: storage class, dims, length. */
export function checkTensor(tensor: TensorValue, what: string): void {
  const { type, dims, data } = (tensor ?? {}) as Partial<TensorValue>;
  if (!type || !Array.isArray(dims) || data === undefined) {
    throw wrong(`${what} is not a tensor`, '{type, dims, data}', typeof tensor);
  }
  const storage = type === 'string' ? Array : arrayType(type);
  if (!storage) throw wrong(`${what} has an unknown type`, 'an ONNX element type', String(type));
  if (!(data instanceof storage)) {
    throw wrong(`${what} is stored wrongly`, `${storage.name} for ${type}`, data?.constructor?.name ?? typeof data);
  }
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0) || data.length !== elementCount(dims)) {
    throw wrong(`${what} does not fit its shape`, formatType({ type, dims }), `${data.length} elements`);
  }
}

function wrong(message: string, expected: string, actual: string): LutraError {
  return new LutraError('INVALID_ARGUMENT', message, { expected, actual });
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ') || 'none';
}
