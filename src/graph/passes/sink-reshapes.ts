import type { OperatorSet } from '../../ops/operator-set.js';
import { isOperator } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import { tensorValue } from '../tensor.js';
import type { Activation, Graph, Node, TensorType } from '../types.js';
import { activationOf, sameType } from './fuse-epilogues.js';

/**
 * Moves what follows the Reshape behind a layer before it, so that it can be fused into the layer: activations, and sums, whose other term
 * is then reshaped instead.
 *
 * @param types of all values, for the shapes that are planned; those of new values are added
 */
export function sinkReshapes(graph: Graph, operators: OperatorSet, types: Map<string, TensorType>): Graph {
  if (!graph.nodes.some((node) => isOperator(node, 'Reshape'))) return graph;
  const editor = new GraphEditor(graph);
  for (const { name } of graph.nodes) {
    const node = editor.node(name);
    const activations = node && operators.of(node, graph.opset)?.traits.epilogue;
    const rows = types.get(node?.outputs[0] ?? '');
    if (!activations || node.epilogue || rows?.type !== 'float32') continue;
    for (let value: string | undefined = node.outputs[0]!; value !== undefined; )
      value = sink(editor, value, rows, activations, types);
  }
  return editor.finish();
}

/** Swaps the Reshape of `value` with what reads it, and returns the value that the Reshape reads then. */
function sink(
  editor: GraphEditor,
  value: string,
  rows: TensorType,
  activations: readonly Activation['kind'][],
  types: Map<string, TensorType>,
): string | undefined {
  const reshape = editor.soleReader(value);
  if (!reshape || !isOperator(reshape, 'Reshape')) return undefined;
  const reshaped = reshape.outputs[0]!;
  const reader = editor.soleReader(reshaped);
  if (!reader) return undefined;
  const added: Node[] = [];
  const others = reader.inputs.map((input) => {
    if (input === reshaped) return value;
    if (!isOperator(reader, 'Add') || !sameType(types, reshaped, input)) return input;
    const shape = tensorValue('int64', [rows.dims.length], BigInt64Array.from(rows.dims, BigInt));
    const constant = editor.addConstant(shape, `${reader.name}/rows`);
    const output = editor.newName(`${input}/rows`);
    types.set(constant, { type: shape.type, dims: shape.dims }).set(output, rows);
    added.push({
      name: editor.newName(`${reader.name}/reshape`),
      op: 'Reshape',
      domain: '',
      inputs: [input, constant],
      outputs: [output],
      attributes: {},
    });
    return output;
  });
  const kind = added.length === 0 && others[0] === value ? activationOf(editor, reader)?.kind : undefined;
  if (added.length === 0 && (!kind || !activations.includes(kind))) return undefined;
  const output = editor.newName(`${reader.outputs[0]}/rows`);
  types.set(output, rows);
  editor.replace(
    [reshape, reader],
    [
      ...added,
      { ...reader, inputs: others, outputs: [output] },
      { ...reshape, inputs: [output, ...reshape.inputs.slice(1)], outputs: reader.outputs },
    ],
  );
  return output;
}
