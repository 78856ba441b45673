import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { Window } from '../../window.js';

/**
 * How codebooks cover a layer (docs/lookup-operators.md): `patch` the whole kernel of g channels, `row` one kernel row of g channels
 * with codes shared by the other rows, `pixel` g channels at one position with codes shared by all taps. A 1 × 1 kernel and a
 * linear layer have no taps to share, so all three mean the same there: `pixel` stands for convolutions, `linear` for matrices.
 */
export type GeometryKind = 'patch' | 'row' | 'pixel' | 'linear';

export interface Geometry {
  readonly kind: GeometryKind;
  /** g; a divisor of the layer's input channels. */
  readonly channels: number;
  /** K, centroids per codebook. */
  readonly centroids: number;
}

/** A layer cut into codebooks: the window of Encode, that of LookUp, and the sizes that follow. */
export interface CodebookLayout {
  readonly geometry: Geometry;
  readonly encode: Window;
  readonly lookup: Window;
  /** B */
  readonly codebooks: number;
  /** v = g · kh · kw, values per codebook. */
  readonly values: number;
  /** th · tw, lookup positions per codebook. */
  readonly taps: number;
}

/** The largest divisor of `channels` that is at most `wanted`. */
export function fittingChannels(channels: number, wanted: number): number {
  for (let g = Math.min(channels, wanted); g > 1; g--) if (channels % g === 0) return g;
  return 1;
}

/**
 * Splits a layer's kernel between Encode and LookUp: stride and padding go to Encode in the directions that the codebook window covers
 * and to LookUp in the others.
 * @param codesOfEveryPixel leave stride and padding of a 1 × 1 kernel to LookUp, so that codes made for a larger kernel serve it too
 */
export function layoutCodebooks(layer: DenseLayer, geometry: Geometry, codesOfEveryPixel = false): CodebookLayout {
  const [kh, kw] = layer.window.kernel;
  const [sy, sx] = layer.window.strides;
  const [top, left, bottom, right] = layer.window.pads;
  const coversRows = geometry.kind === 'patch' || (kh === 1 && !codesOfEveryPixel);
  const coversColumns = geometry.kind === 'patch' || geometry.kind === 'row' || (kw === 1 && !codesOfEveryPixel);
  const encode: Window = {
    kernel: [coversRows ? kh : 1, coversColumns ? kw : 1],
    strides: [coversRows ? sy : 1, coversColumns ? sx : 1],
    pads: [coversRows ? top : 0, coversColumns ? left : 0, coversRows ? bottom : 0, coversColumns ? right : 0],
  };
  const lookup: Window = {
    kernel: [coversRows ? 1 : kh, coversColumns ? 1 : kw],
    strides: [coversRows ? 1 : sy, coversColumns ? 1 : sx],
    pads: [coversRows ? 0 : top, coversColumns ? 0 : left, coversRows ? 0 : bottom, coversColumns ? 0 : right],
  };
  return {
    geometry,
    encode,
    lookup,
    codebooks: layer.inputChannels / geometry.channels,
    values: geometry.channels * encode.kernel[0] * encode.kernel[1],
    taps: lookup.kernel[0] * lookup.kernel[1],
  };
}

/**
 * The weights that multiply the values of one codebook at one lookup tap.
 * @returns [O, v] in the order of the sub-vector (channel, row, column)
 */
export function weightSlice(layer: DenseLayer, layout: CodebookLayout, codebook: number, tap: number): Float32Array {
  const { weight, outputChannels: O, inputChannels: C } = layer;
  const [kh, kw] = layer.window.kernel;
  const [wh, ww] = layout.encode.kernel;
  const tapRow = Math.floor(tap / layout.lookup.kernel[1]);
  const tapColumn = tap % layout.lookup.kernel[1];
  const slice = new Float32Array(O * layout.values);
  let at = 0;
  for (let o = 0; o < O; o++) {
    for (let g = 0; g < layout.geometry.channels; g++) {
      const plane = (o * C + codebook * layout.geometry.channels + g) * kh * kw;
      for (let i = 0; i < wh; i++) {
        for (let j = 0; j < ww; j++) slice[at++] = weight[plane + (tapRow + i) * kw + tapColumn + j]!;
      }
    }
  }
  return slice;
}
