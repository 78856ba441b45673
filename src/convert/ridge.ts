import { choleskyPanel, choleskySolve, PANEL } from './linear-algebra.js';
import { createProduct } from './product.js';
import type { Checkpoint } from './progress.js';

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

/** Largest system solved by factorisation; beyond it the iteration is cheaper. */
export const DIRECT_LIMIT = 1024;
/** Largest system whose matrix is held in memory (float32: 151 MB, and once more for the kernels). */
export const MATRIX_LIMIT = 6144;
/** Iterations for the first right-hand sides, and for the smaller corrections after them. */
const FIRST_ITERATIONS = 32;
const LATER_ITERATIONS = 10;

/** `outputs[n, :] += sign · Σ_e table[rows[n, e], :]` for samples begin..end. @param table [D, O] @param outputs [N, O] */
export function addLookups(
  samples: CodeSamples,
  table: Float32Array,
  outputs: Float32Array,
  O: number,
  sign: 1 | -1,
): void {
  const { count, slots, unknowns, rows } = samples;
  const sums = new Float64Array(O);
  const starts = new Uint32Array(slots);
  for (let n = 0; n < count; n++) {
    let used = 0;
    for (let e = n * slots; e < (n + 1) * slots; e++) if (rows[e] !== unknowns) starts[used++] = rows[e]! * O;
    sums.fill(0);
    let e = 0;
    // Four rows at a time share the loads and stores of the sums.
    for (; e + 4 <= used; e += 4) {
      let a = starts[e]!;
      let b = starts[e + 1]!;
      let c = starts[e + 2]!;
      let d = starts[e + 3]!;
      for (let o = 0; o < O; o++) sums[o]! += table[a++]! + table[b++]! + (table[c++]! + table[d++]!);
    }
    for (; e < used; e++) {
      let a = starts[e]!;
      for (let o = 0; o < O; o++) sums[o]! += table[a++]!;
    }
    const to = n * O;
    if (sign > 0) for (let o = 0; o < O; o++) outputs[to + o]! += sums[o]!;
    else for (let o = 0; o < O; o++) outputs[to + o]! -= sums[o]!;
  }
}

/** Sums of the samples that use each row: Gᵀ·Y with G the one-hot matrix of the codes. @returns [D, O] */
export function scatterSums(samples: CodeSamples, values: Float32Array, O: number): Float64Array {
  const { count, slots, unknowns, rows } = samples;
  const sums = new Float64Array((unknowns + 1) * O);
  for (let e = 0; e < slots; e++) {
    for (let n = 0; n < count; n++) {
      const to = rows[n * slots + e]! * O;
      const from = n * O;
      for (let o = 0; o < O; o++) sums[to + o]! += values[from + o]!;
    }
  }
  return sums.subarray(0, unknowns * O);
}

/** How often each pair of rows is used together: Gᵀ·G as counts, exact below 2^24. @returns [D, D], symmetric */
export async function cooccurrence(samples: CodeSamples, checkpoint: Checkpoint): Promise<Float32Array> {
  const { count, slots, unknowns: D, rows } = samples;
  // One column more than rows takes what taps outside the image would add.
  const stride = D + 1;
  const counts = new Float32Array(D * stride);
  for (let e = 0; e < slots; e++) {
    for (let n = 0; n < count; n++) {
      const at = n * slots;
      const row = rows[at + e]!;
      if (row === D) continue;
      const base = row * stride;
      for (let f = at; f <= at + e; f++) counts[base + rows[f]!]!++;
    }
    await checkpoint((e + 1) / slots);
  }
  for (let i = 1; i < D; i++) counts.copyWithin(i * D, i * stride, i * stride + D);
  const square = counts.subarray(0, D * D);
  for (let i = 0; i < D; i++) for (let j = 0; j < i; j++) square[j * D + i] = square[i * D + j]!;
  return square;
}

function transpose(from: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = from[i * columns + j]!;
  return out;
}

/**
 * Solves (A + ridge·I)·X = B by conjugate gradients, all right-hand sides side by side, preconditioned by the diagonal.
 * @param diagonal [D] of A
 * @param multiply products with A: [O, D] → [O, D]
 * @param b [O, D], one right-hand side per row
 * @returns Xᵀ: [O, D]
 */
export async function conjugateGradients(
  diagonal: Float64Array,
  multiply: (rows: Float32Array) => Float32Array,
  ridge: number,
  b: Float64Array,
  O: number,
  iterations: number,
  tolerance: number,
  checkpoint: Checkpoint,
): Promise<Float64Array> {
  const D = diagonal.length;
  const inverse = diagonal.map((value) => 1 / (value + ridge));
  const x = new Float64Array(O * D);
  const residual = b.slice();
  const direction = new Float32Array(O * D);
  const energy = new Float64Array(O);
  const first = new Float64Array(O);
  for (let iteration = 0; iteration < iterations; iteration++) {
    let active = false;
    for (let o = 0; o < O; o++) {
      const row = o * D;
      let next = 0;
      for (let i = 0; i < D; i++) next += residual[row + i]! ** 2 * inverse[i]!;
      if (iteration === 0) first[o] = next;
      if (next > tolerance ** 2 * first[o]!) active = true;
      const beta = iteration === 0 || energy[o]! === 0 ? 0 : next / energy[o]!;
      energy[o] = next;
      for (let i = 0; i < D; i++) direction[row + i] = residual[row + i]! * inverse[i]! + beta * direction[row + i]!;
    }
    if (!active) break;
    const product = multiply(direction);
    for (let o = 0; o < O; o++) {
      const row = o * D;
      let curvature = 0;
      for (let i = 0; i < D; i++) {
        curvature += direction[row + i]! * (ridge * direction[row + i]! + product[row + i]!);
      }
      if (!(curvature > 0)) continue;
      const step = energy[o]! / curvature;
      for (let i = 0; i < D; i++) {
        x[row + i]! += step * direction[row + i]!;
        residual[row + i]! -= step * (ridge * direction[row + i]! + product[row + i]!);
      }
    }
    await checkpoint((iteration + 1) / iterations);
  }
  return x;
}

/**
 * Block Gauss-Seidel over the codebooks, on the samples themselves: for systems whose matrix would not fit in memory.
 * Each step fits one codebook's rows to what the others leave over, which is a division by counts.
 * @param residual [N, O], replaced by what remains
 * @returns [D, O]
 */
export async function backfit(
  samples: CodeSamples,
  residual: Float32Array,
  O: number,
  ridge: number,
  sweeps: number,
  checkpoint: Checkpoint,
): Promise<Float64Array> {
  const { count, slots, unknowns: D, rows } = samples;
  const K = D / slots;
  const table = new Float64Array(D * O);
  const sums = new Float64Array((K + 1) * O);
  const counts = new Float64Array(K + 1);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let e = 0; e < slots; e++) {
      sums.fill(0);
      counts.fill(0);
      for (let n = 0; n < count; n++) {
        const k = Math.min(K, rows[n * slots + e]! - e * K);
        counts[k]!++;
        for (let o = 0, to = k * O, from = n * O; o < O; o++) sums[to + o]! += residual[from + o]!;
      }
      for (let k = 0; k < K; k++) {
        const base = (e * K + k) * O;
        for (let o = 0; o < O; o++) {
          // The ridge pulls towards the prior, where the table started: at zero change.
          const delta = (sums[k * O + o]! - ridge * table[base + o]!) / (counts[k]! + ridge);
          table[base + o]! += delta;
          sums[k * O + o] = delta;
        }
      }
      sums.fill(0, K * O);
      for (let n = 0; n < count; n++) {
        const k = Math.min(K, rows[n * slots + e]! - e * K);
        for (let o = 0, from = k * O, to = n * O; o < O; o++) residual[to + o]! -= sums[from + o]!;
      }
      await checkpoint((sweep * slots + e + 1) / (sweeps * slots));
    }
  }
  return table;
}

/** Rounds of {@link fitTable} where a rectifier follows. */
const RECTIFIED_ROUNDS = 3;
/** Factor of the later steps: below 2 each still lowers the error, and fewer are needed. */
const OVER_RELAXATION = 1.6;

/**
 * Replaces the residuals that a rectifier hides: where the dense network's value is not positive, any value up to 0 will do.
 * @param residual [N, O] dense minus converted value
 * @param dense [N, O] the dense network's values as they enter the rectifier
 */
function hideRectified(residual: Float32Array, dense: Float32Array): Float32Array {
  return residual.map((r, i) => (dense[i]! > 0 ? r : Math.min(0, r - dense[i]!)));
}

/**
 * The change of the table that fits the residual best with a ridge: argmin ‖residual − G·ΔT‖² + λ·(N/K)·‖ΔT‖². With `rectified` the error
 * counts after the rectifier; this is minimised by a sequence of least squares whose targets move to the converted values that are
 * equally good (majorisation, as in Hunter & Lange 2004), with one factorisation for all.
 * @param residual [N, O] target minus prior prediction; overwritten
 * @param rectified [N, O] the dense network's values as they enter the rectifier; not used beyond {@link MATRIX_LIMIT}
 * @returns ΔT: [D, O]
 */
export async function fitTable(
  samples: CodeSamples,
  residual: Float32Array,
  O: number,
  lambda: number,
  checkpoint: Checkpoint,
  rectified?: Float32Array,
): Promise<Float64Array> {
  const D = samples.unknowns;
  const ridge = (lambda * samples.count * samples.slots) / D;
  if (D > MATRIX_LIMIT) return backfit(samples, residual, O, ridge, 3, checkpoint);
  const counts = await cooccurrence(samples, (f) => checkpoint(f * 0.3));
  const solver = await createSolver(counts, D, O, ridge, (f) => checkpoint(0.3 + 0.4 * f));
  const change = new Float64Array(D * O);
  const rounds = rectified ? RECTIFIED_ROUNDS : 1;
  try {
    for (let round = 0; round < rounds; round++) {
      const sums = scatterSums(samples, rectified ? hideRectified(residual, rectified) : residual, O);
      for (let i = 0; i < sums.length; i++) sums[i]! -= ridge * change[i]!;
      const step = transpose(await solver.solve(transpose(sums, D, O), round), O, D);
      if (round > 0) for (let i = 0; i < step.length; i++) step[i]! *= OVER_RELAXATION;
      for (let i = 0; i < step.length; i++) change[i]! += step[i]!;
      if (round + 1 < rounds) addLookups(samples, Float32Array.from(step), residual, O, -1);
      await checkpoint(0.7 + (0.3 * (round + 1)) / rounds);
    }
  } finally {
    solver.dispose();
  }
  return change;
}

interface Solver {
  /** Solves for all right-hand sides. @param b [O, D]; may be overwritten @returns [O, D] */
  solve(b: Float64Array, round: number): Promise<Float64Array>;
  dispose(): void;
}

/** Solves with (counts + ridge·I): by one factorisation, or by conjugate gradients where that is faster. */
async function createSolver(
  counts: Float32Array,
  D: number,
  O: number,
  ridge: number,
  checkpoint: Checkpoint,
): Promise<Solver> {
  if (D <= DIRECT_LIMIT) {
    const factor = Float64Array.from(counts);
    for (let i = 0; i < D; i++) factor[i * D + i]! += ridge;
    for (let start = 0; start < D; start += PANEL) {
      choleskyPanel(factor, D, start);
      await checkpoint((start / D) ** 2);
    }
    return {
      async solve(b) {
        choleskySolve(factor, D, b, O);
        return b;
      },
      dispose: () => undefined,
    };
  }
  const diagonal = Float64Array.from({ length: D }, (_, i) => counts[i * D + i]!);
  const product = await createProduct(counts, D, O);
  return {
    solve: (b, round) =>
      conjugateGradients(
        diagonal,
        (rows) => product.multiply(rows),
        ridge,
        b,
        O,
        round === 0 ? FIRST_ITERATIONS : LATER_ITERATIONS,
        0.01,
        checkpoint,
      ),
    dispose: () => product.dispose(),
  };
}
