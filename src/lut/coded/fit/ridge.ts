import type { Progress } from '../../../convert/progress.js';
import type { FitKernels } from './kernels.js';
import {
  addLookups,
  type CodeSamples,
  codesBySlot,
  copyPadded,
  copyUnpadded,
  paddedOutputs,
  scatterSums,
} from './samples.js';
import { RidgeSolver } from './solver.js';

/** Largest system whose matrix is held in memory (float32: 151 MB). */
export const MATRIX_LIMIT = 6144;
/** Sweeps of back-fitting beyond that. */
const SWEEPS = 3;
/** Rounds of {@link fitTable} where a ReLU follows. */
const RELU_ROUNDS = 3;
/** Factor of the later steps: below 2 each still lowers the error, and fewer are needed. */
const OVER_RELAXATION = 1.6;

/** @param from [rows, columns] @returns [columns, rows] */
function transpose(from: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = from[i * columns + j]!;
  return out;
}

/**
 * Block Gauss-Seidel over the codebooks, on the samples themselves: for systems whose matrix would not fit in memory.
 * Each step fits one codebook's rows to what the others leave over, which is a division by counts.
 * @param residual [N, O]
 * @returns [D, O]
 */
export async function backfit(
  kernels: FitKernels,
  samples: CodeSamples,
  residual: Float32Array,
  O: number,
  ridge: number,
  sweeps: number,
  progress: Progress,
): Promise<Float32Array> {
  const { count, slots, unknowns: D } = samples;
  const K = D / slots;
  const P = paddedOutputs(O);
  const mark = kernels.mark();
  try {
    const codes = kernels.reserve(slots * count);
    const table = kernels.reserve(D * P * 4);
    const rest = kernels.reserve(count * P * 4);
    const scratch = kernels.reserve((K + 1) * (P + 1) * 4);
    kernels.bytes(codes, slots * count).set(codesBySlot(samples));
    kernels.floats(table, D * P).fill(0);
    copyPadded(residual, kernels.floats(rest, count * P), O);
    for (let sweep = 0; sweep < sweeps; sweep++) {
      for (let e = 0; e < slots; e++) {
        kernels.run.backfitSlot(codes + e * count, count, K, table + e * K * P * 4, P, rest, ridge, scratch);
        await progress((sweep * slots + e + 1) / (sweeps * slots));
      }
    }
    return copyUnpadded(kernels.floats(table, D * P), D, O);
  } finally {
    kernels.release(mark);
  }
}

/**
 * Replaces the residuals that a ReLU hides: where the dense network's value is not positive, any value up to 0 will do.
 * @param residual [N, O] dense minus converted value
 * @param dense [N, O] the dense network's values as they enter the ReLU
 */
function hideBlocked(residual: Float32Array, dense: Float32Array): Float32Array {
  return residual.map((r, i) => (dense[i]! > 0 ? r : Math.min(0, r - dense[i]!)));
}

/**
 * The change of the table that fits the residual best with a ridge: argmin ‖residual − G·ΔT‖² + λ·(N/K)·‖ΔT‖². With `beforeRelu` the error
 * counts after the ReLU; this is minimized by a sequence of least squares whose targets move to the converted values that are
 * equally good (majorisation, as in Hunter & Lange 2004), with one factorization for all.
 * @param residual [N, O] target minus prior prediction; overwritten
 * @param beforeRelu [N, O] the dense network's values as they enter the ReLU; not used beyond {@link MATRIX_LIMIT}
 * @returns ΔT: [D, O]
 */
export async function fitTable(
  kernels: FitKernels,
  samples: CodeSamples,
  residual: Float32Array,
  O: number,
  lambda: number,
  progress: Progress,
  beforeRelu?: Float32Array,
): Promise<Float32Array> {
  const D = samples.unknowns;
  const ridge = (lambda * samples.count * samples.slots) / D;
  if (D > MATRIX_LIMIT) return backfit(kernels, samples, residual, O, ridge, SWEEPS, progress);
  const solver = await RidgeSolver.create(kernels, samples, ridge, (f) => progress(0.7 * f));
  const change = new Float32Array(D * O);
  const rounds = beforeRelu ? RELU_ROUNDS : 1;
  try {
    for (let round = 0; round < rounds; round++) {
      const sums = scatterSums(kernels, samples, beforeRelu ? hideBlocked(residual, beforeRelu) : residual, O);
      for (let i = 0; i < sums.length; i++) sums[i]! -= ridge * change[i]!;
      const done = (f: number) => progress(0.7 + (0.3 * (round + f)) / rounds);
      const step = transpose(await solver.solve(transpose(sums, D, O), done), O, D);
      if (round > 0) for (let i = 0; i < step.length; i++) step[i]! *= OVER_RELAXATION;
      for (let i = 0; i < step.length; i++) change[i]! += step[i]!;
      if (round + 1 < rounds) addLookups(kernels, samples, step, residual, O, -1);
      await done(1);
    }
  } finally {
    solver.dispose();
  }
  return change;
}
