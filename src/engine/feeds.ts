import { LutraError } from '../errors.js';
import { arrayType, elementCount, formatType } from '../graph/tensor.js';
import type { TensorType, TensorValue, ValueInfo } from '../graph/types.js';

/**
 * Checks that `feeds` holds exactly the inputs, each of the declared type and shape.
 *
 * @throws LutraError `INVALID_ARGUMENT` naming the input, what it should be and what it is.
 */
export function checkFeeds(inputs: readonly ValueInfo[], feeds: Readonly<Record<string, TensorValue>>): void {
  const names = inputs.map((input) => input.name);
  for (const name of Object.keys(feeds)) {
    if (!names.includes(name)) throw wrong(`there is no input "${name}"`, quote(names), quote(Object.keys(feeds)));
  }
  const symbols = new Map<string, number>();
  for (const input of inputs) {
    const { name } = input;
    if (!Object.hasOwn(feeds, name)) throw wrong(`input "${name}" is missing`, quote(names), quote(Object.keys(feeds)));
    const feed = feeds[name]!;
    checkTensor(feed, `input "${name}"`);
    if (feed.type !== input.type) throw wrong(`input "${name}" has the wrong type`, input.type, feed.type);
    const { dims } = input;
    if (!dims) continue;
    const fits =
      dims.length === feed.dims.length &&
      dims.every((dim, axis) => {
        const size = feed.dims[axis]!;
        if (typeof dim === 'number') return dim === size;
        const known = symbols.get(dim);
        if (dim !== '') symbols.set(dim, size);
        return known === undefined || known === size;
      });
    if (!fits) {
      const expected = dims.map((dim) =>
        symbols.has(dim as string) ? `${dim}=${symbols.get(dim as string)}` : dim || '?',
      );
      throw wrong(`input "${name}" has the wrong shape`, `[${expected}]`, `[${feed.dims}]`);
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

/** Types of checked feeds. */
export function feedTypes(feeds: Readonly<Record<string, TensorValue>>): Record<string, TensorType> {
  return Object.fromEntries(Object.entries(feeds).map(([name, { type, dims }]) => [name, { type, dims }]));
}

function wrong(message: string, expected: string, actual: string): LutraError {
  return new LutraError('INVALID_ARGUMENT', message, { expected, actual });
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ') || 'none';
}
