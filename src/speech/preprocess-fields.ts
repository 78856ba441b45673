import { LutraError } from '../errors.js';
import type { Preprocess } from '../graph/metadata.js';

/**
 * The value of the metadata entry `lutra.preprocess`, unchecked.
 * @throws {LutraError} `INVALID_MODEL` when it is not JSON.
 */
export function parsePreprocessJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new LutraError('INVALID_MODEL', 'metadata lutra.preprocess is not JSON', { cause });
  }
}

export const isPositive = (x: unknown): boolean => Number.isFinite(x) && (x as number) > 0;

/**
 * Functions that check and return a field of `lutra.preprocess`. They throw `INVALID_MODEL` naming the field that is wrong.
 * @throws {LutraError} `INVALID_MODEL` when the value is of another kind.
 */
export function preprocessFields(value: unknown, kind: Preprocess['kind']) {
  const spec = Object(value) as Readonly<Record<string, unknown>>;
  const field = <T = number>(name: string, expected: string, fits: (x: unknown) => boolean): T => {
    if (fits(spec[name])) return spec[name] as T;
    throw new LutraError('INVALID_MODEL', `metadata lutra.preprocess: ${name} is wrong`, {
      expected,
      actual: JSON.stringify(spec[name]) ?? 'nothing',
    });
  };
  const integer = (name: string, min: number, max: number) =>
    field(
      name,
      `an integer ${min}..${max}`,
      (x) => Number.isInteger(x) && (x as number) >= min && (x as number) <= max,
    );
  field('kind', `"${kind}"`, (x) => x === kind);
  return { field, integer };
}
