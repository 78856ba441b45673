import { isOperator, numberAttribute } from '../../src/graph/attributes.js';
import { declaredInputs, inferTypes } from '../../src/graph/passes/infer-types.js';
import { elementCount } from '../../src/graph/tensor.js';
import type { Graph, Node } from '../../src/graph/types.js';
import { LOOKUP_DOMAIN } from '../../src/lut/domain.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';

/** What a network computes for one example; elementwise operators are not counted. */
export interface Work {
  /** Multiply-adds of Conv, QuantizedConv, Gemm and MatMul. */
  readonly macs: number;
  /** 8-bit multiply-adds of Encode. */
  readonly searchMacs: number;
  /** Table entries added by LookUp. */
  readonly lookups: number;
}

/** Counts the work of a network; symbolic dimensions are 1. */
export function countWork(graph: Graph): Work {
  const { types } = inferTypes(
    graph,
    COMPLETE_OPERATORS,
    declaredInputs(graph, () => 1),
  );
  const dims = (name: string | undefined): readonly number[] => types.get(name ?? '')?.dims ?? [];
  const total = { macs: 0, searchMacs: 0, lookups: 0 };
  for (const node of graph.nodes) {
    const outputs = elementCount(dims(node.outputs[0]));
    if (isOperator(node, 'Conv', 'Gemm', 'MatMul')) total.macs += outputs * depthOf(node, dims);
    if (node.domain !== LOOKUP_DOMAIN) continue;
    if (node.op === 'QuantizedConv') total.macs += outputs * elementCount(dims(node.inputs[3]).slice(1));
    if (node.op === 'Encode') {
      // [B·K, g, kh, kw]: every code is the best of K products of this length.
      const K = numberAttribute(node, 'K', 0);
      total.searchMacs += outputs * K * elementCount(dims(node.inputs[3]).slice(1));
    }
    if (node.op === 'LookUp') {
      // [M, B·K, th, tw]
      const [, rows = 0, ...taps] = dims(node.inputs[1]);
      total.lookups += (outputs * rows * elementCount(taps)) / numberAttribute(node, 'K', 1);
    }
  }
  return total;
}

/** Products summed into one output. */
function depthOf(node: Node, dims: (name: string | undefined) => readonly number[]): number {
  const weight = dims(node.inputs[1]);
  if (node.op === 'Conv') return elementCount(weight.slice(1));
  return (node.op === 'Gemm' && numberAttribute(node, 'transB', 0) === 1 ? weight.at(-1) : weight.at(-2)) ?? 1;
}
