import { Executor } from '../engine/executor.js';
import { tensorValue } from '../graph/tensor.js';
import { OPERATORS } from '../ops/complete.js';
import { registerOperators } from '../ops/registry.js';

/** Multiplies rows by one matrix, many times. */
export interface MatrixProduct {
  /** `rows · matrix`. @param rows [O, D] @returns [O, D] */
  multiply(rows: Float32Array): Float32Array;
  /** Frees the copy of the matrix. */
  dispose(): void;
}

/**
 * A matrix packed for the dense kernels, which multiply an order of magnitude faster than a loop in JavaScript.
 * @param matrix [D, D], row-major
 * @param O number of rows that every product takes
 */
export async function createProduct(matrix: Float32Array, D: number, O: number): Promise<MatrixProduct> {
  registerOperators(OPERATORS);
  const executor = await Executor.create(
    {
      name: 'product',
      opset: { '': 13 },
      inputs: [{ name: 'rows', type: 'float32', dims: [O, D] }],
      outputs: [{ name: 'product', type: 'float32', dims: [O, D] }],
      nodes: [
        { name: 'product', op: 'MatMul', domain: '', inputs: ['rows', 'matrix'], outputs: ['product'], attributes: {} },
      ],
      initializers: new Map([['matrix', tensorValue('float32', [D, D], matrix)]]),
      metadata: {},
    },
    { threads: 1 },
  );
  return {
    multiply(rows) {
      const { product } = executor.run({ rows: tensorValue('float32', [O, D], rows) });
      return product!.data as Float32Array;
    },
    dispose: () => executor.dispose(),
  };
}
