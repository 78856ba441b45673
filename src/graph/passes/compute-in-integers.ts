import type { OperatorSet } from '../../ops/operator-set.js';
import { roundHalfEven } from '../../rounding.js';
import { isOperator } from '../attributes.js';
import { GraphEditor } from '../editor.js';
import type { Graph, Node } from '../types.js';
import { expandQuantizedOperators, isQuantized } from './expand-quantized-operators.js';
import { foldConstants } from './fold-constants.js';
import { activationOf } from './fuse-epilogues.js';
import { inferRanks, type Rank } from './infer-types.js';
import { IntegerNodes } from './integer-nodes.js';
import { type QuantizedValue, quantizationOf, quantizedValue } from './quantized-values.js';

/** What stays for the rewriting: results that differ from run to run, and the integers behind weights. */
const KEPT = /^(Random|Bernoulli|Multinomial|DequantizeLinear)/;

/**
 * Computes quantized networks (QuantizeLinear and DequantizeLinear around operators, or operators on integers) as integer kernels do. A quantized value is held
 * in float32 as the stored integers less the zero point. Products of such integers and their sums are exact below 2^24, so that Conv,
 * Gemm and MatMul compute the integers themselves. One multiplication with the scales, rounding half to even and clamping make the next
 * integers. Operators without an integer form read integers · scale, as before.
 *
 * Must see the graph before weights are folded to floats.
 */
export function computeInIntegers(graph: Graph, operators: OperatorSet): Graph {
  if (!isQuantized(graph)) return graph;
  const editor = new GraphEditor(expandQuantizedOperators(foldConstants(graph, operators, KEPT)));
  const ranks = inferRanks(editor.graph, operators);
  const nodes = new IntegerNodes(editor);
  for (const { name } of editor.nodes) {
    const node = editor.node(name);
    if (!node) continue;
    if (isOperator(node, 'DequantizeLinear')) nodes.dequantize(node);
    else if (isOperator(node, 'QuantizeLinear')) quantize(editor, nodes, ranks, node);
    else if (isOperator(node, 'Gemm', 'MatMul') && !leadsToQuantize(editor, node)) nodes.realProduct(node);
  }
  return editor.finish();
}

/** Whether the result goes to a QuantizeLinear, at most through an activation: then it is rewritten together with that. */
function leadsToQuantize(editor: GraphEditor, node: Node): boolean {
  const reader = editor.soleReader(node.outputs[0]);
  const next = reader && activationOf(editor, reader) ? editor.soleReader(reader.outputs[0]) : reader;
  return next !== undefined && isOperator(next, 'QuantizeLinear');
}

function quantize(editor: GraphEditor, nodes: IntegerNodes, ranks: ReadonlyMap<string, Rank>, node: Node): void {
  const value = node.inputs[0]!;
  const quantization = quantizationOf(editor, node);
  const result = quantization && quantizedValue('', quantization.type ?? 'uint8', quantization);
  if (!result || ranks.get(value)?.type !== 'float32') return;
  const source = editor.soleReader(value) ? editor.producer(value) : undefined;
  const direct = source && nodes.compute(source, result);
  if (source && direct) {
    nodes.store([source, node], direct, result);
    return;
  }
  const bounded = source && bounds(editor, source, result);
  const inner = bounded && editor.soleReader(source.inputs[0]) ? editor.producer(source.inputs[0]) : undefined;
  const behind = inner && nodes.compute(inner, bounded!);
  if (behind) nodes.store([inner, source!, node], behind, bounded!);
  else nodes.store([node], nodes.divide(node, result), result);
}

/** The integers within the bounds of a Relu or Clip in front of the quantization, which keeps the order of values. */
function bounds(editor: GraphEditor, node: Node, result: QuantizedValue): QuantizedValue | undefined {
  const activation = activationOf(editor, node);
  if (activation?.kind !== 'Relu' && activation?.kind !== 'Clip') return undefined;
  const { min, max } = activation.kind === 'Relu' ? { min: 0, max: Infinity } : activation;
  if (!(min <= max)) return undefined;
  const rounded = (bound: number) => roundHalfEven(Math.fround(bound / result.scale));
  const [low, high] = [Math.max(result.low, rounded(min)), Math.min(result.high, rounded(max))];
  return low <= high ? { ...result, low, high } : undefined;
}
