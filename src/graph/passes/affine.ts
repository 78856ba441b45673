import { isOperator, numberAttribute } from '../attributes.js';
import type { GraphEditor } from '../editor.js';
import type { Node, TensorValue } from '../types.js';

/** `y = x · scale[m] + shift[m]` for every output channel m. */
export interface Affine {
  readonly scale: ArrayLike<number>;
  readonly shift: ArrayLike<number>;
}

/** The weight layout of an operator that a per-channel scale and shift can be folded into. */
interface Layout {
  readonly channels: number;
  /** Rank of the output; channels are its axis 1. */
  readonly rank: number;
  /** Output channel of the weight's element `index`. */
  channelOf(index: number): number;
}

function layoutOf(node: Node, weight: TensorValue): Layout | undefined {
  const { dims } = weight;
  const inner = (from: number) => dims.slice(from).reduce((product, dim) => product * dim, 1);
  if (isOperator(node, 'Conv') && dims.length >= 3) {
    const size = inner(1);
    return { channels: dims[0]!, rank: dims.length, channelOf: (index) => Math.floor(index / size) };
  }
  if (isOperator(node, 'ConvTranspose') && dims.length >= 3) {
    // [C, M / group, kh, kw]: the rows of input channels of group i make the output channels of group i.
    const group = numberAttribute(node, 'group', 1);
    const perGroup = dims[1]!;
    const size = inner(2);
    const rows = dims[0]! / group;
    return {
      channels: perGroup * group,
      rank: dims.length,
      channelOf: (index) =>
        Math.floor(Math.floor(index / (size * perGroup)) / rows) * perGroup + (Math.floor(index / size) % perGroup),
    };
  }
  if (isOperator(node, 'Gemm') && dims.length === 2) {
    const [first, second] = dims as [number, number];
    return numberAttribute(node, 'transB', 0)
      ? { channels: first, rank: 2, channelOf: (index) => Math.floor(index / second) }
      : { channels: second, rank: 2, channelOf: (index) => index % second };
  }
  return undefined;
}

/** A node whose output channels can be scaled and shifted, and its constants; undefined for any other node. */
export interface Foldable {
  readonly node: Node;
  readonly channels: number;
  readonly rank: number;
  /** The same computation followed by `affine`, writing to `output` instead. */
  fold(affine: Affine, output: string): Node;
}

/** Conv, ConvTranspose and Gemm with constant float32 weight and bias. */
export function foldable(editor: GraphEditor, node: Node | undefined): Foldable | undefined {
  if (!node || node.epilogue) return undefined;
  const weight = editor.constant(node.inputs[1]);
  if (weight?.type !== 'float32') return undefined;
  const layout = layoutOf(node, weight);
  if (!layout) return undefined;
  const { channels, rank } = layout;
  const biasName = node.inputs[2];
  const bias = biasName ? editor.constant(biasName) : undefined;
  if (biasName && (bias?.type !== 'float32' || !isPerColumn(bias.dims, channels))) return undefined;
  // Gemm multiplies its bias by beta; the folded bias already is.
  const beta = isOperator(node, 'Gemm') ? numberAttribute(node, 'beta', 1) : 1;
  const fold = ({ scale, shift }: Affine, output: string): Node => {
    const values = weight.data as Float32Array;
    const weights = values.map((value, index) => value * scale[layout.channelOf(index)]!);
    const old = bias && (bias.data as Float32Array);
    const biases = Float32Array.from({ length: channels }, (_, m) => {
      const before = old ? beta * old[old.length === 1 ? 0 : m]! : 0;
      return before * scale[m]! + shift[m]!;
    });
    const { beta: _, ...attributes } = node.attributes;
    return {
      ...node,
      inputs: [
        node.inputs[0]!,
        editor.addConstant({ ...weight, data: weights }, `${node.name}_weight`),
        editor.addConstant({ type: 'float32', dims: [channels], data: biases }, `${node.name}_bias`),
      ],
      outputs: [output],
      attributes,
    };
  };
  return { node, channels, rank, fold };
}

/** [M], [1, M], or one element that stands for all. */
function isPerColumn(dims: readonly number[], channels: number): boolean {
  const last = dims.at(-1) ?? 1;
  return dims.length <= 2 && (dims.length < 2 || dims[0] === 1) && (last === channels || last === 1);
}

/** A constant that is the same at every place of a channel, as one value per channel. */
export function perChannel(value: TensorValue | undefined, channels: number, rank: number): Float64Array | undefined {
  if (value?.type !== 'float32' || value.dims.length > rank) return undefined;
  const padded = [...new Array<number>(rank - value.dims.length).fill(1), ...value.dims];
  if (padded.some((dim, axis) => (axis === 1 ? dim !== 1 && dim !== channels : dim !== 1))) return undefined;
  const data = value.data as Float32Array;
  return Float64Array.from({ length: channels }, (_, m) => data[data.length === 1 ? 0 : m]!);
}
