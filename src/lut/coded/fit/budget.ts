import type { DenseLayer } from '../../../convert/dense-layers.js';
import { bytesBesideTables } from '../../../convert/file-bytes.js';
import type { Objective } from '../../../convert/types.js';
import { LutraError } from '../../../errors.js';
import type { Graph } from '../../../graph/types.js';
import { ERROR_WEIGHT } from './choose.js';
import type { Geometry } from './geometry.js';

/** Smaller gains are rounding errors. */
const LEAST_GAIN = 1e-9;

/** A geometry that a layer could have. */
export interface Choice {
  readonly geometry: Geometry;
  /** Nanoseconds of the cost model. */
  readonly time: number;
  /** Of tables and encoder. */
  readonly bytes: number;
  /** The error, relative to the variance of what the layer computes in the dense network. */
  readonly relativeError: number;
}

/** Another choice for one layer, with what that changes. */
interface Change {
  readonly layer: number;
  readonly index: number;
  readonly time: number;
  readonly error: number;
  readonly bytes: number;
}

/**
 * One geometry for every layer, such that their tables fit, for the least total time · (total error)^weight: the error of the network
 * grows with the sum of the layers' relative errors (docs/decisions/011). Starts from the smallest tables and spends bytes where they gain most.
 *
 * @param layers choices of every layer, at least one each
 * @param bytes for all tables and encoders
 * @returns the index of each layer's choice
 * @throws LutraError `INVALID_ARGUMENT` when the smallest tables do not fit
 */
export function chooseWithin(layers: readonly (readonly Choice[])[], bytes: number, objective: Objective): number[] {
  const weight = ERROR_WEIGHT[objective];
  const chosen = layers.map((choices) => {
    const sizes = choices.map((choice) => choice.bytes);
    return sizes.indexOf(Math.min(...sizes));
  });
  const total = (read: (choice: Choice) => number) =>
    chosen.reduce((sum, index, layer) => sum + read(layers[layer]![index]!), 0);
  const smallest = total((choice) => choice.bytes);
  if (smallest > bytes) {
    throw new LutraError('INVALID_ARGUMENT', 'the tables of these layers do not fit in the largest allowed file', {
      expected: `at least ${smallest} bytes for tables`,
      actual: `${Math.max(0, Math.floor(bytes))} bytes`,
      hint: `Allow a file that is ${Math.ceil(smallest - bytes)} bytes larger, or convert fewer layers`,
    });
  }
  for (let next = best(); next.length > 0; next = best()) for (const { layer, index } of next) chosen[layer] = index;
  return chosen;

  /** The change that gains most for its bytes; where none fits, of two layers at once. */
  function best(): readonly Change[] {
    const sum = { time: total((c) => c.time), error: total((c) => c.relativeError), bytes: total((c) => c.bytes) };
    const changes = layers.flatMap((choices, layer) => {
      const own = choices[chosen[layer]!]!;
      const all = choices.map((choice, index): Change => {
        const error = choice.relativeError - own.relativeError;
        return { layer, index, time: choice.time - own.time, error, bytes: choice.bytes - own.bytes };
      });
      return all.filter(({ index }) => choices[index] !== own);
    });
    const gain = (time: number, error: number) =>
      Math.log(sum.time / (sum.time + time)) +
      weight * Math.log(sum.error / Math.max(sum.error + error, Number.MIN_VALUE));
    let found: readonly Change[] = [];
    let most = 0;
    for (const change of changes) {
      const worth = gain(change.time, change.error);
      if (sum.bytes + change.bytes > bytes || worth < LEAST_GAIN) continue;
      const rate = change.bytes > 0 ? worth / change.bytes : Infinity;
      if (rate > most) [found, most] = [[change], rate];
    }
    if (found.length > 0) return found;
    for (const [at, one] of changes.entries()) {
      for (const other of changes.slice(at + 1)) {
        if (one.layer === other.layer || sum.bytes + one.bytes + other.bytes > bytes) continue;
        const worth = gain(one.time + other.time, one.error + other.error);
        if (worth > Math.max(most, LEAST_GAIN)) [found, most] = [[one, other], worth];
      }
    }
    return found;
  }
}

/** {@link chooseWithin} for the layers of a network. */
export function geometriesWithin(
  graph: Graph,
  replaced: readonly DenseLayer[],
  choices: ReadonlyMap<DenseLayer, readonly Choice[]>,
  maxBytes: number,
  objective: Objective,
): Map<DenseLayer, Geometry> {
  const layers = replaced.map((layer) => choices.get(layer)!);
  const chosen = chooseWithin(layers, maxBytes - bytesBesideTables(graph, replaced), objective);
  return new Map(replaced.map((layer, i) => [layer, layers[i]![chosen[i]!]!.geometry]));
}
