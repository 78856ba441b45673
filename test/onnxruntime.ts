import * as ort from 'onnxruntime-node';
import type { Graph, TensorValue } from '../src/graph/types.js';
import { serializeModel } from '../src/onnx/serialize.js';

/** On processors without VNNI its kernels add products of int8 weights in pairs of int16, which saturate, unless told not to. */
export const EXACT_SUMS = { extra: { session: { x64quantprecision: '1' } } };

/** Runs a graph in onnxruntime, graph rewriting off unless asked for. Results hold their data as onnxruntime types it. */
export async function runInOnnxRuntime(
  graph: Graph,
  feeds: Readonly<Record<string, TensorValue>>,
  graphOptimizationLevel: 'disabled' | 'all' = 'disabled',
): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(serializeModel(graph), {
    graphOptimizationLevel,
    intraOpNumThreads: 1,
    // Its warnings are about constants that a rewritten graph no longer reads.
    logSeverityLevel: 3,
    ...EXACT_SUMS,
  });
  const tensors = Object.entries(feeds).map(([name, { type, dims, data }]) => [
    name,
    new ort.Tensor(type as 'float32', data as Float32Array, dims),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return results;
}

/** An engine's result as onnxruntime holds one. */
export function toOrt({ type, dims, data }: TensorValue): ort.Tensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, dims);
}

/**
 * Largest difference of two tensors relative to the largest magnitude (at least `smallest`); Infinity when types or shapes differ
 * or only one has a NaN.
 */
export function relativeDifference(a: ort.Tensor, b: ort.Tensor, smallest = 1e-6): number {
  if (a.type !== b.type || a.dims.join() !== b.dims.join()) return Number.POSITIVE_INFINITY;
  const [left, right] = [Array.from(a.data as Float32Array, Number), Array.from(b.data as Float32Array, Number)];
  let magnitude = smallest;
  for (const value of left) if (Number.isFinite(value)) magnitude = Math.max(magnitude, Math.abs(value));
  let worst = 0;
  left.forEach((value, index) => {
    if (Object.is(value, right[index])) return;
    const difference = Math.abs(value - right[index]!) / magnitude;
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  });
  return worst;
}
