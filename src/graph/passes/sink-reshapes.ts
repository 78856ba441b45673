import { LOOKUP_DOMAIN } from '../../lut/domain.js';
import { isOperator } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import { tensorValue } from '../tensor.js';
import type { Graph, Node } from '../types.js';
import { activationOf } from './fuse-epilogues.js';
import { type InferredTypes, inferSamples, sameTypeInSamples, sampledType } from './infer-types.js';

/**
 * Moves what follows the Reshape behind a linear lookup layer before it, so that it can be fused into the layer: functions of one value,
 * and sums, whose other term is then reshaped instead.
 */
export function sinkReshapes(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  const samples = inferSamples(graph);
  for (const { name } of graph.nodes) {
    const node = editor.node(name);
    if (node?.domain !== LOOKUP_DOMAIN || node.op !== 'LookUp') continue;
    const rows = sampledType(samples, node.outputs[0]!)?.dims;
    if (rows?.length !== 4 || rows.slice(1).some((size) => size === undefined)) continue;
    const shape = [-1, ...rows.slice(1).map((size) => size!)];
    for (let value: string | undefined = node.outputs[0]!; value !== undefined; )
      value = sink(editor, value, shape, samples);
  }
  return editor.finish();
}

/** Swaps the Reshape of `value` with what reads it, and returns the value that the Reshape reads then. */
function sink(
  editor: GraphEditor,
  value: string,
  shape: readonly number[],
  samples: readonly InferredTypes[],
): string | undefined {
  const reshape = editor.soleReader(value);
  if (!reshape || !isOperator(reshape, 'Reshape')) return undefined;
  const reshaped = reshape.outputs[0]!;
  const reader = editor.soleReader(reshaped);
  if (!reader) return undefined;
  const added: Node[] = [];
  const others = reader.inputs.map((input) => {
    if (input === reshaped) return value;
    if (!isOperator(reader, 'Add') || !sameTypeInSamples(samples, reshaped, input)) return input;
    const constant = editor.addConstant(
      tensorValue('int64', [shape.length], BigInt64Array.from(shape, BigInt)),
      `${reader.name}/rows`,
    );
    const output = editor.newName(`${input}/rows`);
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
  if (added.length === 0 && (others[0] !== value || !activationOf(editor, reader))) return undefined;
  const output = editor.newName(`${reader.outputs[0]}/rows`);
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
