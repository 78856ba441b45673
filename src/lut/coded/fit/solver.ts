import type { Progress } from '../../../convert/progress.js';
import type { FitKernels } from './kernels.js';
import { type CodeSamples, codesBySlot } from './samples.js';

/** Columns of the factorization between two reports of progress. */
const PANEL = 48;
/** Pivots below this share of the largest diagonal entry are raised to it: float32 cannot tell them from zero. */
const PIVOT_FLOOR = 1e-6;

/**
 * How often each pair of rows is used together: Gᵀ·G as counts, exact below 2^24, in the memory of the kernels.
 * @returns where [D, D] begins, on top of the stack
 */
export async function countPairs(kernels: FitKernels, samples: CodeSamples, progress: Progress): Promise<number> {
  const { count, slots, unknowns: D } = samples;
  const K = D / slots;
  const matrix = kernels.reserve(D * D * 4);
  const mark = kernels.mark();
  const codes = kernels.reserve(slots * count);
  const scratch = kernels.reserve(2 * (K + 1) ** 2 * 4);
  kernels.bytes(codes, slots * count).set(codesBySlot(samples));
  for (let e = 0; e < slots; e++) {
    kernels.run.countPairs(codes, count, e, K, matrix, D, scratch);
    await progress(((e + 1) / slots) ** 2);
  }
  kernels.release(mark);
  return matrix;
}

/** The normal equations of a ridge regression on codes, factorized once: L·Lᵀ = Gᵀ·G + ridge·I. */
export class RidgeSolver {
  private constructor(
    private readonly kernels: FitKernels,
    private readonly factor: number,
    private readonly size: number,
    private readonly mark: number,
  ) {}

  /** Takes memory of the kernels until {@link dispose}; stacks must nest. */
  static async create(
    kernels: FitKernels,
    samples: CodeSamples,
    ridge: number,
    progress: Progress,
  ): Promise<RidgeSolver> {
    const { unknowns: D } = samples;
    const mark = kernels.mark();
    try {
      const factor = await countPairs(kernels, samples, (f) => progress(f * 0.4));
      const matrix = kernels.floats(factor, D * D);
      let largest = 0;
      for (let i = 0; i < D; i++) {
        matrix[i * D + i]! += ridge;
        largest = Math.max(largest, matrix[i * D + i]!);
      }
      for (let start = 0; start < D; start += PANEL) {
        kernels.run.factorPanel(factor, D, start, Math.min(start + PANEL, D), PIVOT_FLOOR * largest);
        await progress(0.4 + 0.6 * (start / D) ** 2);
      }
      kernels.run.mirrorLower(factor, D);
      return new RidgeSolver(kernels, factor, D, mark);
    } catch (error) {
      kernels.release(mark);
      throw error;
    }
  }

  /** Solves for all right-hand sides. @param b [O, D], one per row @returns [O, D] */
  async solve(b: Float32Array, progress: Progress): Promise<Float32Array> {
    const { kernels, factor, size: D } = this;
    const O = b.length / D;
    const mark = kernels.mark();
    const at = kernels.reserve(b.length * 4);
    kernels.floats(at, b.length).set(b);
    for (let start = 0; start < D; start += PANEL) {
      kernels.run.solveLowerPanel(factor, D, at, O, start, Math.min(start + PANEL, D));
      await progress((0.5 * start) / D);
    }
    for (let start = Math.floor((D - 1) / PANEL) * PANEL; start >= 0; start -= PANEL) {
      kernels.run.solveUpperPanel(factor, D, at, O, start, Math.min(start + PANEL, D));
      await progress(1 - (0.5 * start) / D);
    }
    const x = kernels.floats(at, b.length).slice();
    kernels.release(mark);
    return x;
  }

  dispose(): void {
    this.kernels.release(this.mark);
  }
}
