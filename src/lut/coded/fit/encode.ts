import { gatherPoints, imageCount, type PlaneData, type Planes } from '../../../convert/gather.js';
import type { Codebooks } from './codebooks.js';
import type { CodebookLayout } from './geometry.js';
import { outputSize } from './geometry.js';
import type { CodeSamples } from './samples.js';
import { encodeTree } from './tree.js';

/** Images encoded at a time, which bounds the memory for their sub-vectors. */
const IMAGES = 32;

/**
 * Codes of one codebook: the integer arithmetic of Encode or EncodeTree (docs/lookup-operators.md), so equal to what the model computes.
 * @param points [n, v] integer activations
 * @param codes [n · stride], written at `offset`, `offset + stride`, …
 */
export function encodePoints(
  points: Float32Array,
  books: Codebooks,
  codebook: number,
  v: number,
  codes: Uint8Array,
  offset: number,
  stride: number,
): void {
  const n = points.length / v;
  if (books.encoder === 'tree') {
    const { features, thresholds } = books.trees[codebook]!;
    const shift = books.scale.zeroPoint;
    const values = points.map((a) => a + shift);
    for (let i = 0; i < n; i++) codes[offset + i * stride] = encodeTree(values, i * v, features, thresholds);
    return;
  }
  const { weights, biases } = books.scores[codebook]!;
  const K = biases.length;
  // Products and sums stay below 2^24: doubles hold them exactly. Every K that options allow is a multiple of 4.
  const columns = new Float64Array(v * K);
  for (let k = 0; k < K; k++) for (let j = 0; j < v; j++) columns[j * K + k] = weights[k * v + j]!;
  const starts = Float64Array.from(biases);
  for (let i = 0; i < n; i++) {
    let best = -Infinity;
    let code = 0;
    for (let k = 0; k < K; k += 4) {
      let s0 = starts[k]!;
      let s1 = starts[k + 1]!;
      let s2 = starts[k + 2]!;
      let s3 = starts[k + 3]!;
      for (let j = 0, q = k; j < v; j++, q += K) {
        const x = points[i * v + j]!;
        s0 += x * columns[q]!;
        s1 += x * columns[q + 1]!;
        s2 += x * columns[q + 2]!;
        s3 += x * columns[q + 3]!;
      }
      if (s0 > best) {
        best = s0;
        code = k;
      }
      if (s1 > best) {
        best = s1;
        code = k + 1;
      }
      if (s2 > best) {
        best = s2;
        code = k + 2;
      }
      if (s3 > best) {
        best = s3;
        code = k + 3;
      }
    }
    codes[offset + i * stride] = code;
  }
}

/**
 * Table rows that a layer reads at sampled output positions.
 * @param input quantized activations
 * @param output any value of the layer's output shape: its height and width
 * @param positions ascending positions of the output grid
 */
export function encodeSamples(
  input: Planes<Int8Array>,
  output: Planes<PlaneData>,
  layout: CodebookLayout,
  books: Codebooks,
  positions: Uint32Array,
): CodeSamples {
  const { codebooks: B, taps } = layout;
  const K = layout.geometry.centroids;
  const slots = B * taps;
  const unknowns = slots * K;
  const rows = new Uint32Array(positions.length * slots);
  const [codeHeight, codeWidth] = outputSize(layout.encode, input.height, input.width);
  const images = imageCount(input);
  const direct = taps === 1 && codeHeight === output.height && codeWidth === output.width;
  const outArea = output.height * output.width;
  const codeArea = codeHeight * codeWidth;
  // Images in groups: one image of a linear layer is a single row.
  const group = Math.max(1, Math.ceil((IMAGES * 256) / codeArea));
  /** @returns [positions, B] */
  const encodeAt = (grid: Uint32Array): Uint8Array => {
    const codes = new Uint8Array(grid.length * B);
    gatherPoints(input, layout, codeHeight, codeWidth, grid).forEach((points, c) => {
      encodePoints(points, books, c, layout.values, codes, c, B);
    });
    return codes;
  };
  let begin = 0;
  for (let first = 0; first < images && begin < positions.length; first += group) {
    const last = Math.min(images, first + group);
    let end = begin;
    while (end < positions.length && positions[end]! < last * outArea) end++;
    if (end === begin) continue;
    const wanted = positions.subarray(begin, end);
    if (direct) {
      const codes = encodeAt(wanted);
      for (let i = 0; i < wanted.length; i++) {
        for (let c = 0; c < B; c++) rows[(begin + i) * slots + c] = c * K + codes[i * B + c]!;
      }
    } else {
      // Samples leave most of the code grid unread: only what they read is encoded, in the order of the grid.
      const place = new Int32Array((last - first) * codeArea).fill(-1);
      const visit = (read: (i: number, tap: number, position: number) => void) => {
        for (let i = 0; i < wanted.length; i++) {
          const image = Math.floor(wanted[i]! / outArea);
          const rest = wanted[i]! - image * outArea;
          const y = Math.floor(rest / output.width);
          const plane = (image - first) * codeArea;
          visitTaps(layout, y, rest % output.width, codeHeight, codeWidth, (tap, at) =>
            read(i, tap, at < 0 ? -1 : plane + at),
          );
        }
      };
      visit((_, __, position) => {
        if (position >= 0) place[position] = 0;
      });
      let count = 0;
      for (let at = 0; at < place.length; at++) if (place[at] === 0) place[at] = count++;
      const grid = new Uint32Array(count);
      for (let at = 0; at < place.length; at++) if (place[at]! >= 0) grid[place[at]!] = first * codeArea + at;
      const codes = encodeAt(grid);
      visit((i, tap, position) => {
        const to = (begin + i) * slots + tap;
        const from = position < 0 ? 0 : place[position]! * B;
        for (let c = 0; c < B; c++) {
          rows[to + c * taps] = position < 0 ? unknowns : (c * taps + tap) * K + codes[from + c]!;
        }
      });
    }
    begin = end;
  }
  return { count: positions.length, slots, unknowns, rows };
}

/** Calls `visit` for every tap of one output position with its place in the code plane, or -1 outside of it. */
function visitTaps(
  layout: CodebookLayout,
  y: number,
  x: number,
  codeHeight: number,
  codeWidth: number,
  visit: (tap: number, position: number) => void,
): void {
  const [th, tw] = layout.lookup.kernel;
  for (let i = 0, tap = 0; i < th; i++) {
    const row = y * layout.lookup.strides[0] + i - layout.lookup.pads[0];
    for (let j = 0; j < tw; j++, tap++) {
      const column = x * layout.lookup.strides[1] + j - layout.lookup.pads[1];
      const inside = row >= 0 && row < codeHeight && column >= 0 && column < codeWidth;
      visit(tap, inside ? row * codeWidth + column : -1);
    }
  }
}
