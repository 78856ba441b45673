import { type Planes, visitPositions } from '../../../convert/gather.js';
import type { CodebookLayout } from './geometry.js';
import type { FitKernels } from './kernels.js';

/**
 * Observations of a lookup layer: which table row every codebook and tap contributes to every sampled output position.
 * Row `D` (one past the last) means that the tap lies outside the image and contributes nothing.
 */
export interface CodeSamples {
  /** N, output positions */
  readonly count: number;
  /** E = codebooks · taps */
  readonly slots: number;
  /** D = E · K */
  readonly unknowns: number;
  /** [N, E]; row (e·K + code) or D */
  readonly rows: Uint32Array;
}

/**
 * Table rows that a layer reads at sampled output positions.
 * @param codes of the whole calibration set, [n, codebooks, height, width]
 * @param output height and width of the layer's output
 * @param positions ascending positions of the output
 */
export function sampleRows(
  codes: Planes<Uint8Array>,
  output: Pick<Planes, 'height' | 'width'>,
  { codebooks: B, taps, lookup, geometry }: CodebookLayout,
  positions: Uint32Array,
): CodeSamples {
  const { height, width } = codes;
  const K = geometry.centroids;
  const slots = B * taps;
  const unknowns = slots * K;
  const rows = new Uint32Array(positions.length * slots).fill(unknowns);
  visitPositions(codes, [output.height, output.width], positions, (sample, data, image, y, x) => {
    for (let tap = 0; tap < taps; tap++) {
      const row = y * lookup.strides[0] + Math.floor(tap / lookup.kernel[1]) - lookup.pads[0];
      const column = x * lookup.strides[1] + (tap % lookup.kernel[1]) - lookup.pads[1];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      for (let c = 0; c < B; c++) {
        const slot = c * taps + tap;
        rows[sample * slots + slot] = slot * K + data[((image * B + c) * height + row) * width + column]!;
      }
    }
  });
  return { count: positions.length, slots, unknowns, rows };
}

/** Samples copied to the kernels at a time: their rows and values stay in the cache. */
const CHUNK = 512;

/** Outputs of one row as the kernels want them: a multiple of 4. */
export function paddedOutputs(O: number): number {
  return Math.ceil(O / 4) * 4;
}

/** Copies [rows, O] into rows of {@link paddedOutputs}, the padding zero. */
export function copyPadded(from: ArrayLike<number>, to: Float32Array, O: number): void {
  const P = paddedOutputs(O);
  if (P === O) {
    to.set(from);
    return;
  }
  to.fill(0);
  for (let row = 0; row * O < from.length; row++) for (let o = 0; o < O; o++) to[row * P + o] = from[row * O + o]!;
}

/** The way back. @returns [rows, O] */
export function copyUnpadded(from: Float32Array, rows: number, O: number): Float32Array {
  const P = paddedOutputs(O);
  if (P === O) return from.slice(0, rows * O);
  const out = new Float32Array(rows * O);
  for (let row = 0; row < rows; row++) for (let o = 0; o < O; o++) out[row * O + o] = from[row * P + o]!;
  return out;
}

/** Copies samples to the kernels, chunk by chunk: `n` of them from `begin` on. @param values [N, O] */
function* chunks(kernels: FitKernels, { count, slots, rows }: CodeSamples, values: Float32Array, O: number) {
  const rowsAt = kernels.reserve(CHUNK * slots * 4);
  const valuesAt = kernels.reserve(CHUNK * paddedOutputs(O) * 4);
  for (let begin = 0; begin < count; begin += CHUNK) {
    const n = Math.min(CHUNK, count - begin);
    kernels.words(rowsAt, n * slots).set(rows.subarray(begin * slots, (begin + n) * slots));
    const chunk = kernels.floats(valuesAt, n * paddedOutputs(O));
    copyPadded(values.subarray(begin * O, (begin + n) * O), chunk, O);
    yield { begin, n, chunk, rowsAt, valuesAt };
  }
}

/** `outputs[n, :] += sign · Σ_e table[rows[n, e], :]`. @param table [D, O] @param outputs [N, O] */
export function addLookups(
  kernels: FitKernels,
  samples: CodeSamples,
  table: ArrayLike<number>,
  outputs: Float32Array,
  O: number,
  sign: 1 | -1,
): void {
  const { slots, unknowns } = samples;
  const P = paddedOutputs(O);
  const mark = kernels.mark();
  const tableAt = kernels.reserve((unknowns + 1) * P * 4);
  const packed = kernels.floats(tableAt, (unknowns + 1) * P);
  copyPadded(table, packed.subarray(0, unknowns * P), O);
  packed.fill(0, unknowns * P);
  for (const { begin, n, chunk, rowsAt, valuesAt } of chunks(kernels, samples, outputs, O)) {
    kernels.run.addRows(rowsAt, slots, tableAt, P, valuesAt, sign, n);
    outputs.set(copyUnpadded(chunk, n, O), begin * O);
  }
  kernels.release(mark);
}

/** Sums of the samples that use each row: Gᵀ·Y with G the one-hot matrix of the codes. @returns [D, O] */
export function scatterSums(kernels: FitKernels, samples: CodeSamples, values: Float32Array, O: number): Float32Array {
  const { slots, unknowns } = samples;
  const P = paddedOutputs(O);
  const mark = kernels.mark();
  const sumsAt = kernels.reserve((unknowns + 1) * P * 4);
  kernels.floats(sumsAt, (unknowns + 1) * P).fill(0);
  for (const { n, rowsAt, valuesAt } of chunks(kernels, samples, values, O)) {
    kernels.run.scatterRows(rowsAt, slots, valuesAt, P, sumsAt, n);
  }
  const sums = copyUnpadded(kernels.floats(sumsAt, unknowns * P), unknowns, O);
  kernels.release(mark);
  return sums;
}

/** Codes slot by slot, K where the tap lies outside the image. @returns [E, N] */
export function codesBySlot({ count, slots, unknowns, rows }: CodeSamples): Uint8Array {
  const K = unknowns / slots;
  const codes = new Uint8Array(slots * count);
  for (let n = 0; n < count; n++) {
    for (let e = 0; e < slots; e++) {
      const row = rows[n * slots + e]!;
      codes[e * count + n] = row === unknowns ? K : row - e * K;
    }
  }
  return codes;
}
