import { bytesPerElement, elementCount } from '../graph/tensor.js';
import type { TensorType } from '../graph/types.js';
import type { OperatorFacts } from '../lut/family.js';
import { type Work, workOf } from '../lut/work.js';
import type { ConcreteGraph, Plan } from '../plan/types.js';

/** One node as it runs, for `lutra inspect`. Its `macs` include those of a search for codes. */
export interface LayerFacts extends Work {
  readonly name: string;
  /** `Conv`, `lutra:LookUp`. */
  readonly op: string;
  readonly outputs: readonly TensorType[];
  /** Bytes of its constant inputs: weights, tables, scales. */
  readonly constantBytes: number;
  /** Wasm kernels in order; `host` is the operator's own TypeScript. Empty: costs nothing (a view of its input). */
  readonly kernels: readonly string[];
}

function bytesOf(type: TensorType | undefined): number {
  return !type || type.type === 'string' ? 0 : elementCount(type.dims) * bytesPerElement(type.type);
}

/**
 * Facts about every node that is left to run, in order.
 *
 * @param facts of the families that the graph may use
 */
export function layerFacts(concrete: ConcreteGraph, plan: Plan, facts: readonly OperatorFacts[]): LayerFacts[] {
  const kernels = new Map<string, string[]>();
  for (const step of plan.steps) {
    const list = kernels.get(step.node) ?? [];
    list.push(step.kind === 'kernel' ? step.kernel : 'host');
    kernels.set(step.node, list);
  }
  return concrete.nodes.map((node) => {
    const constants = node.inputs.filter((name) => concrete.constants.has(name));
    const work = workOf(node, (name) => concrete.types.get(name ?? '')?.dims ?? [], facts);
    return {
      name: node.name,
      op: node.domain === '' ? node.op : `${node.domain}:${node.op}`,
      outputs: node.outputs.flatMap((name) => concrete.types.get(name) ?? []),
      constantBytes: constants.reduce((sum, name) => sum + bytesOf(concrete.types.get(name)), 0),
      ...work,
      macs: work.macs + work.searchMacs,
      kernels: [...new Set(kernels.get(node.name) ?? [])],
    };
  });
}
