/** For tests: one node run by its own `evaluate` and by onnxruntime. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { allocate, elementCount } from '../../src/graph/tensor.js';
import type { Attribute, DataType, DataTypeMap, Graph, Node, TensorType, TensorValue } from '../../src/graph/types.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';

/** One node and its inputs; `undefined` is an omitted optional input. */
export interface Case {
  readonly op: string;
  readonly opset: number;
  readonly domain?: string;
  readonly inputs: readonly (TensorValue | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
}

export function tensor<T extends DataType>(type: T, dims: readonly number[], data: DataTypeMap[T]): TensorValue {
  return { type, dims, data };
}
export function f32(dims: readonly number[], data: readonly number[]): TensorValue {
  return tensor('float32', dims, Float32Array.from(data));
}
export function i64(...data: readonly number[]): TensorValue {
  return tensor('int64', [data.length], BigInt64Array.from(data, BigInt));
}

/** Reproducible numbers in −2..2 that are exact in float32 and in sums of products. */
export function filled(dims: readonly number[], seed = 1): TensorValue {
  let state = seed * 2654435761;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return ((state >>> 8) % 1025) / 256 - 2;
  };
  return tensor('float32', dims, Float32Array.from({ length: elementCount(dims) }, next));
}

function nodeOf({ op, domain = '', inputs, attributes = {}, outputs = 1 }: Case): Node {
  return {
    name: 'node',
    op,
    domain,
    inputs: inputs.map((input, i) => (input ? `x${i}` : '')),
    outputs: Array.from({ length: outputs }, (_, i) => `y${i}`),
    attributes,
  };
}

/** Types that the operator infers; every input counts as constant. */
export function infer(test: Case): TensorType[] {
  const operator = COMPLETE_OPERATORS.find(test.domain ?? '', test.op, test.opset);
  if (!operator) throw new Error(`no operator ${test.op} ${test.opset}`);
  const inputs = test.inputs.map((value) => value && { ...value, value });
  return operator.infer({ node: nodeOf(test), opset: test.opset, inputs });
}

export function evaluate(test: Case): TensorValue[] {
  const outputs = infer(test).map(({ type, dims }) => allocate(type, dims));
  // The engine hands out memory that others have used: nothing may rely on zeros.
  for (const { data } of outputs) if (!Array.isArray(data)) new Uint8Array(data.buffer).fill(0x5a);
  const operator = COMPLETE_OPERATORS.find(test.domain ?? '', test.op, test.opset)!;
  operator.evaluate({ node: nodeOf(test), opset: test.opset, inputs: test.inputs }, outputs);
  return outputs;
}

/** The same in onnxruntime. The first input is fed, the others are stored. Rejects where onnxruntime refuses the node. */
export async function onnxruntime(test: Case): Promise<TensorValue[]> {
  const node = nodeOf(test);
  const first = test.inputs[0]!;
  const stored = test.inputs.flatMap((value, i) => (value && i > 0 ? [[`x${i}`, value] as const] : []));
  const graph: Graph = {
    name: 'case',
    opset: { '': test.opset, ...(test.domain ? { [test.domain]: 1, '': 17 } : {}) },
    inputs: [{ name: 'x0', type: first.type, dims: first.dims }],
    outputs: infer(test).map(({ type, dims }, i) => ({ name: `y${i}`, type, dims })),
    nodes: [node],
    initializers: new Map(stored),
    metadata: {},
  };
  const session = await InferenceSession.create(serializeModel(graph), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  try {
    const results = await session.run({ x0: new Tensor(first.type, first.data, first.dims) });
    return node.outputs.map((name) => {
      const { type, dims, data } = results[name]!;
      return { type, dims, data } as TensorValue;
    });
  } finally {
    await session.release();
  }
}

/** Throws unless both runs agree: shapes and types exactly, floats within `tolerance` of max(1, |expected|). */
export async function expectSame(test: Case, tolerance = 1e-5): Promise<void> {
  const [actual, expected] = [evaluate(test), await onnxruntime(test)];
  const format = ({ type, dims }: TensorType) => `${type}[${dims}]`;
  expected.forEach((value, o) => {
    const mine = actual[o]!;
    if (format(mine) !== format(value)) throw new Error(`output ${o}: ${format(mine)} instead of ${format(value)}`);
    for (let i = 0; i < value.data.length; i++) {
      const [a, b] = [Number(mine.data[i]), Number(value.data[i])];
      const same = Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
      if (!same)
        throw new Error(`output ${o}, element ${i}: ${a} instead of ${b} (${JSON.stringify(test.attributes)})`);
    }
  });
}
