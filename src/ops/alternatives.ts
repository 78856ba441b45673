import type { LutraError } from '../errors.js';
import type { Graph, Node } from '../graph/types.js';
import { nodeError, type Operator } from './operator.js';

const LONGEST_TEXT = 400;

/** The error for a node whose operator does not run. */
export function refusal(node: Node, opset: Graph['opset'], operators: readonly Operator[]): LutraError {
  const hint = alternativeTo(node, operators);
  const what = `${node.domain || 'ai.onnx'}:${node.op} version ${opset[node.domain] ?? 1}`;
  return nodeError(node, 'UNSUPPORTED', `operator ${what} does not run${formatAttributes(node)}`, hint ? { hint } : {});
}

/** Attributes for a message; of a graph or a tensor only that it is there, of a long list only its length. */
function formatAttributes({ attributes }: Node): string {
  const text = JSON.stringify(attributes, (key, value) => {
    if (Array.isArray(value) && value.length > 16) return `${value.length} values`;
    return key && value?.constructor === Object ? '…' : value;
  });
  return text === '{}' ? '' : ` with ${text.slice(0, LONGEST_TEXT)}`;
}

/** The closest that would work: the hint of the error. */
function alternativeTo({ domain, op }: Node, operators: readonly Operator[]): string | undefined {
  const named = operators.filter(({ name }) => name === op);
  const versions = named.filter((entry) => entry.domain === domain).map(({ opset: [min, max] }) => `${min} to ${max}`);
  if (versions.length > 0) return `Versions ${versions.join(', ')} run: use onnx.version_converter`;
  const standard = named.some((entry) => entry.domain === '');
  return ALTERNATIVES.get(`${domain}:${op}`) ?? (standard ? `The standard ${op} runs` : undefined);
}

/** By `domain:name`. */
const ALTERNATIVES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'End the network before it, and do the rest in JavaScript: the size of its result depends on the data': [
      ':NonMaxSuppression',
      ':NonZero',
      ':Compress',
      ':Unique',
      'com.microsoft:NonMaxSuppression',
    ],
    'Export attention as MatMul, Softmax and MatMul: an opset up to 22 does': [
      ':Attention',
      ':RotaryEmbedding',
      ':LinearAttention',
      'ai.onnx.preview:FlexAttention',
      'com.microsoft:Attention',
      'com.microsoft:MultiHeadAttention',
      'com.microsoft:GroupQueryAttention',
      'com.microsoft:RotaryEmbedding',
    ],
    'Export the network before onnxruntime optimizes it: LayerNormalization and Add run': [
      'com.microsoft:SkipLayerNormalization',
      'com.microsoft:EmbedLayerNormalization',
      'com.microsoft:SimplifiedLayerNormalization',
      'com.microsoft:SkipSimplifiedLayerNormalization',
    ],
    'Export the network before onnxruntime optimizes it: MatMul, Gemm and Gelu run': [
      'com.microsoft:FusedMatMul',
      'com.microsoft:FusedGemm',
      'com.microsoft:BiasGelu',
      'com.microsoft:FastGelu',
      'com.microsoft:QuickGelu',
      'com.microsoft:NhwcConv',
    ],
    'Quantize in the QDQ format, with QuantizeLinear and DequantizeLinear': [
      'com.microsoft:QLinearAdd',
      'com.microsoft:QLinearMul',
      'com.microsoft:QLinearConcat',
      'com.microsoft:QLinearSigmoid',
      'com.microsoft:QLinearLeakyRelu',
      'com.microsoft:QLinearSoftmax',
      'com.microsoft:QLinearAveragePool',
      'com.microsoft:QLinearGlobalAveragePool',
      'com.microsoft:QGemm',
      'com.microsoft:MatMulNBits',
      'com.microsoft:DynamicQuantizeMatMul',
      'com.microsoft:MatMulIntegerToFloat',
    ],
    'Compute features before the network, as `lutra` does for speech, or export them as Conv': [
      ':DFT',
      ':STFT',
      ':MelWeightMatrix',
      ':HannWindow',
      ':HammingWindow',
      ':BlackmanWindow',
    ],
    'Resize runs; other sampling must be done before the network': [
      ':GridSample',
      ':AffineGrid',
      ':RoiAlign',
      ':DeformConv',
    ],
    'Remove the loss: a network that only answers has none': [':NegativeLogLikelihoodLoss', ':SoftmaxCrossEntropyLoss'],
    'Give the network its random numbers as an input': [
      ':RandomNormal',
      ':RandomUniform',
      ':RandomNormalLike',
      ':RandomUniformLike',
      ':Bernoulli',
      ':Multinomial',
    ],
    'Turn text into numbers before the network': [
      ':StringNormalizer',
      ':StringConcat',
      ':StringSplit',
      ':RegexFullMatch',
      ':TfIdfVectorizer',
    ],
    'Decode images before the network, as `lutra run` does': [':ImageDecoder'],
  }).flatMap(([hint, names]) => names.map((name) => [name, hint] as const)),
);
