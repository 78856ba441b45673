import { GraphBuilder } from '../../src/graph/builder.js';
import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { WeightSource } from './weights.js';

export interface BertOptions {
  /** Encoder layers. BERT-base: 12. */
  readonly layers: number;
  /** Width of the hidden states, a multiple of the heads. BERT-base: 768. */
  readonly hidden: number;
  /** BERT-base: 12. */
  readonly heads: number;
  /** Tokens. */
  readonly length: number;
  readonly seed: number;
}

/** BERT-base (Devlin et al. 2019, §3) on 128 tokens. */
export const BERT_BASE: Omit<BertOptions, 'seed'> = { layers: 12, hidden: 768, heads: 12, length: 128 };

/** The feed-forward layer is this many times wider. */
const EXPANSION = 4;
/** Added to the scores of tokens that must not be seen. */
const HIDE = -10_000;
const EPSILON = 1e-12;

/**
 * The encoder of BERT, node by node as exporters write it (MatMul, Add, Reshape, Transpose, Softmax, LayerNormalization, Erf), with
 * random weights: good for latency, meaningless for accuracy.
 *
 * Inputs `hidden_states` float32 [N, length, hidden] (the embeddings) and `attention_mask` int64 [N, length] (1: a token, 0: padding);
 * output `last_hidden_state` float32 [N, length, hidden].
 */
export function bert({ layers, hidden, heads, length, seed }: BertOptions): Graph {
  const builder = new GraphBuilder({ name: `bert_${layers}x${hidden}`, opset: 17 });
  const weights = new WeightSource(seed);
  const headSize = hidden / heads;
  const scalar = (value: number) => tensorValue('float32', [], Float32Array.of(value));
  const node = (op: string, inputs: readonly (string | TensorValue)[], attributes = {}, name?: string) =>
    builder.node(op, inputs, attributes, name === undefined ? {} : { name });

  const linear = (x: string, name: string, inputs: number, outputs: number) =>
    node('Add', [
      node('MatMul', [x, weights.columns(inputs, outputs)], {}, `${name}.matmul`),
      weights.small([outputs]),
    ]);
  const normalize = (x: string, name: string, output?: string) => {
    const ones = tensorValue('float32', [hidden], new Float32Array(hidden).fill(1));
    const attributes = { axis: -1, epsilon: EPSILON };
    const outputs = output === undefined ? {} : { outputs: [output] };
    return builder.node('LayerNormalization', [x, ones, weights.small([hidden])], attributes, { name, ...outputs });
  };
  const gelu = (x: string) => {
    const erf = node('Erf', [node('Div', [x, scalar(Math.SQRT2)])]);
    return node('Mul', [node('Mul', [x, node('Add', [erf, scalar(1)])]), scalar(0.5)]);
  };
  const splitShape = builder.ints(0, 0, heads, headSize);
  const joinShape = builder.ints(0, 0, hidden);
  const split = (x: string, perm: readonly number[]) => node('Transpose', [node('Reshape', [x, splitShape])], { perm });

  let x = builder.input('hidden_states', ['N', length, hidden]);
  const mask = builder.input('attention_mask', ['N', length], 'int64');
  const seen = node('Cast', [node('Unsqueeze', [mask, builder.ints(1, 2)])], { to: 1 });
  const hidePadding = node('Mul', [node('Sub', [scalar(1), seen]), scalar(HIDE)]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `layer${layer}`;
    const query = split(linear(x, `${name}.query`, hidden, hidden), [0, 2, 1, 3]);
    const key = split(linear(x, `${name}.key`, hidden, hidden), [0, 2, 3, 1]);
    const value = split(linear(x, `${name}.value`, hidden, hidden), [0, 2, 1, 3]);
    const scores = node('Div', [node('MatMul', [query, key]), scalar(Math.sqrt(headSize))]);
    const attention = node('Softmax', [node('Add', [scores, hidePadding])], { axis: -1 });
    const context = node('Transpose', [node('MatMul', [attention, value])], { perm: [0, 2, 1, 3] });
    const joined = node('Reshape', [context, joinShape]);
    const attended = linear(joined, `${name}.attention.output`, hidden, hidden);
    x = normalize(node('Add', [attended, x]), `${name}.attention.norm`);
    const wide = gelu(linear(x, `${name}.intermediate`, hidden, EXPANSION * hidden));
    const narrow = linear(wide, `${name}.output`, EXPANSION * hidden, hidden);
    const last = layer === layers - 1 ? 'last_hidden_state' : undefined;
    x = normalize(node('Add', [narrow, x]), `${name}.output.norm`, last);
  }
  builder.output(x, ['N', length, hidden]);
  return builder.build();
}
