import { bytesPerElement, elementCount } from '../graph/tensor.js';
import type { Node, TensorType } from '../graph/types.js';
import { LOOKUP_DOMAIN } from '../lut/domain.js';
import type { ConcreteGraph, Plan } from '../plan/types.js';

/** One node as it runs, for `lutra inspect`. */
export interface LayerFacts {
  readonly name: string;
  /** `Conv`, `lutra:LookUp`. */
  readonly op: string;
  readonly outputs: readonly TensorType[];
  /** Bytes of its constant inputs: weights, tables, scales. */
  readonly constantBytes: number;
  /** Multiply-adds: of the layer, or of the search of an Encode. */
  readonly macs: number;
  /** Table entries added by a LookUp. */
  readonly lookups: number;
  /** Bytes of the table of a LookUp. */
  readonly tableBytes: number;
  /** Wasm kernels in order; `host` is the operator's own TypeScript. Empty: costs nothing (a view of its input). */
  readonly kernels: readonly string[];
}

function work(node: Node, types: ConcreteGraph['types']): Pick<LayerFacts, 'macs' | 'lookups'> {
  const dims = (name: string | undefined): readonly number[] => types.get(name ?? '')?.dims ?? [];
  const outputs = elementCount(dims(node.outputs[0]));
  switch (`${node.domain}:${node.op}`) {
    case ':Conv':
      return { macs: outputs * elementCount(dims(node.inputs[1]).slice(1)), lookups: 0 };
    case ':ConvTranspose':
      return { macs: elementCount(dims(node.inputs[0])) * elementCount(dims(node.inputs[1]).slice(1)), lookups: 0 };
    case ':MatMul':
      return { macs: outputs * (dims(node.inputs[0]).at(-1) ?? 1), lookups: 0 };
    case ':Gemm':
      return { macs: outputs * (dims(node.inputs[0])[node.attributes.transA === 1 ? 0 : 1] ?? 1), lookups: 0 };
    case 'lutra:QuantizedConv':
      return { macs: outputs * elementCount(dims(node.inputs[3]).slice(1)), lookups: 0 };
    case 'lutra:Encode': {
      const K = Number(node.attributes.K);
      return { macs: outputs * K * elementCount(dims(node.inputs[3]).slice(1)), lookups: 0 };
    }
    case 'lutra:LookUp': {
      const codebooks = dims(node.inputs[0])[1] ?? 0;
      return { macs: 0, lookups: outputs * codebooks * elementCount(dims(node.inputs[1]).slice(2)) };
    }
    default:
      return { macs: 0, lookups: 0 };
  }
}

function bytesOf(type: TensorType | undefined): number {
  return !type || type.type === 'string' ? 0 : elementCount(type.dims) * bytesPerElement(type.type);
}

/** Facts about every node that is left to run, in order. */
export function layerFacts(concrete: ConcreteGraph, plan: Plan): LayerFacts[] {
  const kernels = new Map<string, string[]>();
  for (const step of plan.steps) {
    const list = kernels.get(step.node) ?? [];
    list.push(step.kind === 'kernel' ? step.kernel : 'host');
    kernels.set(step.node, list);
  }
  return concrete.nodes.map((node) => {
    const constants = node.inputs.filter((name) => concrete.constants.has(name));
    const isLookUp = node.domain === LOOKUP_DOMAIN && node.op === 'LookUp';
    return {
      name: node.name,
      op: node.domain === '' ? node.op : `${node.domain}:${node.op}`,
      outputs: node.outputs.flatMap((name) => concrete.types.get(name) ?? []),
      constantBytes: constants.reduce((sum, name) => sum + bytesOf(concrete.types.get(name)), 0),
      ...work(node, concrete.types),
      tableBytes: isLookUp ? bytesOf(concrete.types.get(node.inputs[1] ?? '')) : 0,
      kernels: [...new Set(kernels.get(node.name) ?? [])],
    };
  });
}
