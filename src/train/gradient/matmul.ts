import { numberAttribute } from '../../graph/attributes.js';
import type { GradientRule } from '../types.js';
import { rule } from './registry.js';
import { reduceTo, reshape, scale, swapLast } from './shapes.js';

/** y = alpha · op(a) · op(b) + beta · c. */
const GEMM = rule({ op: 'Gemm' }, ({ emitter, node, inputs, gradients, wanted }) => {
  const [a, b, c] = inputs as [string, string, string | undefined];
  const [transA, transB] = [numberAttribute(node, 'transA', 0), numberAttribute(node, 'transB', 0)];
  const alpha = numberAttribute(node, 'alpha', 1);
  const gradient = gradients[0]!;
  const gemm = (left: string, right: string, leftTurned: number, rightTurned: number) =>
    emitter.node('Gemm', [left, right], { alpha, transA: leftTurned, transB: rightTurned });
  return [
    wanted[0] ? (transA ? gemm(b, gradient, transB, 1) : gemm(gradient, b, 0, 1 - transB)) : undefined,
    wanted[1] ? (transB ? gemm(gradient, a, 1, transA) : gemm(a, gradient, 1 - transA, 0)) : undefined,
    wanted[2]
      ? scale(emitter, reduceTo(emitter, gradient, emitter.type(c!).dims), numberAttribute(node, 'beta', 1))
      : undefined,
  ];
});

/** Batched and broadcast as numpy's matmul. */
const MATMUL = rule({ op: 'MatMul' }, ({ emitter, inputs, gradients, wanted }) => {
  const [a, b] = inputs as [string, string];
  const [left, right] = [emitter.type(a).dims, emitter.type(b).dims];
  // A vector counts as a row on the left and as a column on the right.
  const matrixA = left.length === 1 ? reshape(emitter, a, [1, left[0]!]) : a;
  const matrixB = right.length === 1 ? reshape(emitter, b, [right[0]!, 1]) : b;
  const [rows, inner] = emitter.type(matrixA).dims.slice(-2) as [number, number];
  const columns = emitter.type(matrixB).dims.at(-1)!;
  const out = emitter.type(gradients[0]!).dims;
  const batch = out.slice(0, out.length - (left.length > 1 ? 1 : 0) - (right.length > 1 ? 1 : 0));
  const gradient = reshape(emitter, gradients[0]!, [...batch, rows, columns]);
  const gradientA = () => {
    const product = emitter.node('MatMul', [gradient, swapLast(emitter, matrixB)]);
    return reshape(emitter, reduceTo(emitter, product, emitter.type(matrixA).dims), left);
  };
  const gradientB = () => {
    if (emitter.type(matrixB).dims.length === 2 && batch.length > 0) {
      // One matrix for the whole batch: one product over all its rows.
      const count = batch.reduce((x, y) => x * y, 1) * rows;
      const flat = reshape(emitter, matrixA, [count, inner]);
      const product = emitter.node('Gemm', [flat, reshape(emitter, gradient, [count, columns])], { transA: 1 });
      return reshape(emitter, product, right);
    }
    const product = emitter.node('MatMul', [swapLast(emitter, matrixA), gradient]);
    return reshape(emitter, reduceTo(emitter, product, emitter.type(matrixB).dims), right);
  };
  return [wanted[0] ? gradientA() : undefined, wanted[1] ? gradientB() : undefined];
});

export const PRODUCTS: readonly GradientRule[] = [GEMM, MATMUL];
