import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, Node, ValueInfo } from '../../src/graph/types.js';
import { factsOf } from '../../src/lut/facts.js';
import { parseModel } from '../../src/onnx/parse.js';
import { serializeModel } from '../../src/onnx/serialize.js';

/**
 * What a lookup network is turned into so that engines can be compared layer by layer: `codes` has the codes of every layer as
 * further outputs; `forced` takes them as inputs instead of its own, and returns what it would have computed and from what;
 * `layers` is every lookup layer alone, fed with its own input, with integer sums as its output.
 */
export type CheckForm = 'codes' | 'forced' | 'layers';

/** Behind the names of what the `forced` form computes itself. */
export const FORCED = '/forced';

const isEncoder = (node: Node): boolean => factsOf(node)?.result === 'codes';
/** Whose last two inputs scale integer sums. */
const isSum = (node: Node): boolean => factsOf(node)?.result === 'sums';
const quantizes = (node: Node): boolean => factsOf(node)?.quantizes ?? false;

/** Derives the form from the bytes that are timed. @throws LutraError when they are no model */
export function checkForm(model: Uint8Array, form: CheckForm): Uint8Array<ArrayBuffer> {
  return serializeModel(FORMS[form](parseModel(model))) as Uint8Array<ArrayBuffer>;
}

const FORMS: Readonly<Record<CheckForm, (graph: Graph) => Graph>> = {
  codes(graph) {
    const codes = graph.nodes.filter(isEncoder).map(({ outputs }) => value(outputs[0]!, 'uint8'));
    return { ...graph, outputs: [...graph.outputs, ...codes] };
  },

  forced(graph) {
    const encoders = graph.nodes.filter(isEncoder);
    const read = new Set(graph.nodes.filter(quantizes).map(({ inputs }) => inputs[0]!));
    const copies = [...read].map(
      (name): Node => ({
        name: `${name}${FORCED}`,
        op: 'Identity',
        domain: '',
        inputs: [name],
        outputs: [`${name}${FORCED}`],
        attributes: {},
      }),
    );
    return {
      ...graph,
      nodes: [
        ...graph.nodes.map((node) => (isEncoder(node) ? { ...node, outputs: [`${node.outputs[0]}${FORCED}`] } : node)),
        ...copies,
      ],
      inputs: [...graph.inputs, ...encoders.map(({ outputs }) => planes(outputs[0]!, 'uint8'))],
      outputs: [
        ...graph.outputs,
        ...encoders.map(({ outputs }) => value(`${outputs[0]}${FORCED}`, 'uint8')),
        ...copies.map(({ outputs }) => value(outputs[0]!, 'float32')),
      ],
    };
  },

  layers(graph) {
    const initializers = new Map(graph.initializers);
    const nodes = graph.nodes
      .filter((node) => isEncoder(node) || isSum(node))
      .map((node, index): Node => {
        if (isEncoder(node)) return node;
        const outputs = graph.initializers.get(node.inputs.at(-1)!)!.data.length;
        const names = [`unit scale ${index}`, `no bias ${index}`] as const;
        initializers.set(names[0], tensorValue('float32', [outputs], new Float32Array(outputs).fill(1)));
        initializers.set(names[1], tensorValue('float32', [outputs], new Float32Array(outputs)));
        return { ...node, inputs: [...node.inputs.slice(0, -2), ...names] };
      });
    const used = new Set(nodes.flatMap(({ inputs }) => inputs));
    const read = new Set(nodes.filter(quantizes).map(({ inputs }) => inputs[0]!));
    return {
      ...graph,
      nodes,
      initializers: new Map([...initializers].filter(([name]) => used.has(name))),
      inputs: [...read].map((name) => planes(name, 'float32')),
      outputs: nodes.map((node) => value(node.outputs[0]!, isEncoder(node) ? 'uint8' : 'float32')),
    };
  },
};

function value(name: string, type: ValueInfo['type']): ValueInfo {
  return { name, type, dims: undefined };
}

/** What lookup layers read and write has four dimensions. */
function planes(name: string, type: ValueInfo['type']): ValueInfo {
  return { name, type, dims: ['n', 'c', 'h', 'w'].map((dimension) => `${name} ${dimension}`) };
}
