import { LutraError } from '../errors.js';
import type { DenseLayer } from './dense-layers.js';
import type { Planes } from './gather.js';
import type { Frontier } from './segment.js';

/** A live value as planes. */
export interface LivePlanes extends Planes {
  /** Shape of the value in the first batch. */
  readonly dims: readonly number[];
}

/** A live value as planes; rows of a linear layer are images of 1 × 1. */
export function planesOf(frontier: Frontier, layer: DenseLayer, name: string, channels: number): LivePlanes {
  const values = frontier.batches.map((live) => live.get(name)!);
  const first = values[0]!.dims;
  for (const { dims, type } of values) {
    const rank = layer.kind === 'conv' ? 4 : first.length;
    const fits = type === 'float32' && dims.length === rank && dims.slice(1).every((d, i) => d === first[i + 1]);
    if (!fits) {
      throw new LutraError('INVALID_DATA', `value "${name}" changes its shape between calibration batches`, {
        node: `${layer.node.name} (${layer.node.op})`,
        expected: `[N,${first.slice(1)}]`,
        actual: `${type}[${dims}]`,
      });
    }
  }
  const batches = values.map(({ data }) => data as Float32Array);
  const [height, width] = layer.kind === 'conv' ? [first[2]!, first[3]!] : [1, 1];
  return { channels, height, width, batches, dims: first };
}
