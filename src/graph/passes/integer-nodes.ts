import { isOperator, numberAttribute } from '../attributes.js';
import type { GraphEditor } from '../editor.js';
import type { Node } from '../types.js';
import { sumFactors } from './quantized-sum.js';
import {
  floatConstant,
  isByte,
  type QuantizedValue,
  quantizationOf,
  quantizedConstant,
  quantizedValue,
  subtractZeros,
} from './quantized-values.js';

/** Nodes that compute a value in units of the next integers. */
export interface Computed {
  readonly nodes: readonly Node[];
  readonly value: string;
  /** Whether the value is these integers already. */
  readonly exact?: boolean;
}

/** A sum of products of quantized values: an integer in float32. */
interface Accumulated {
  readonly node: Node;
  readonly value: string;
  /** What one unit of the integer stands for, as one number or one per output channel, to be broadcast. */
  readonly inputScale: number;
  readonly weightScale: Float32Array;
  readonly dims: readonly number[];
}

/** Operators that move values, or choose among them, without computing new ones. */
const MOVING = [
  ...['Expand', 'Flatten', 'Gather', 'MaxPool', 'Reshape', 'Slice', 'Squeeze', 'Tile', 'Transpose', 'Unsqueeze'],
];
/** Numbers of element types in ONNX files, as Cast states them. */
const [TO_FLOAT32, TO_FLOAT64] = [{ to: 1 }, { to: 11 }];
/** How far the scale of a bias may be from the product of the other two. */
const SCALE_TOLERANCE = 1e-3;
/** An epilogue of nothing keeps passes from folding scales into weights, which would not be integers any more. */
const UNFOLDED = { epilogue: {} };

/** Builds the nodes that compute with quantized values, and remembers which values are quantized. */
export class IntegerNodes {
  /** By the name of the stored integers. */
  private readonly stored = new Map<string, QuantizedValue>();
  /** By the name of the real numbers that they stand for. */
  private readonly real = new Map<string, QuantizedValue>();

  constructor(private readonly editor: GraphEditor) {}

  /** Replaces a DequantizeLinear by integers · scale, where its input is quantized. */
  dequantize(node: Node): void {
    const quantization = quantizationOf(this.editor, node);
    const known = this.stored.get(node.inputs[0]!);
    const own = quantization && known && quantizedValue(known.name, known.type, quantization);
    if (!own || own.zero !== known.zero || (quantization.type ?? known.type) !== known.type) return;
    this.real.set(node.outputs[0]!, own);
    this.editor.replace([node], [this.binary('Mul', own.name, this.scalar(own.scale), node.outputs[0]!)]);
  }

  /** The result of `node` in units of `result`, computed from its quantized inputs; undefined for operators without such a form. */
  compute(node: Node, result: QuantizedValue): Computed | undefined {
    if (isOperator(node, 'Conv', 'Gemm', 'MatMul')) return this.product(node, result);
    if (isOperator(node, 'Add')) return this.sum(node, result);
    if (isOperator(node, 'Mul')) return this.elementProduct(node, result);
    if (isOperator(node, 'GlobalAveragePool')) return this.average(node, result);
    return isOperator(node, ...MOVING) ? this.moved(node, result) : undefined;
  }

  /** A real input in units of `result`. */
  divide(node: Node, result: QuantizedValue): Computed {
    const value = this.name(node, 'scaled');
    return { nodes: [this.binary('Div', node.inputs[0]!, this.scalar(result.scale), value)], value };
  }

  /** Replaces nodes that end with a QuantizeLinear by `computed`, rounded. The QuantizeLinear stays for other readers. */
  store(replaced: readonly Node[], computed: Computed, result: QuantizedValue): void {
    const last = replaced.at(-1)!;
    const name = computed.exact ? computed.value : this.name(last, 'integers');
    const epilogue = { activation: { kind: 'Clip', min: result.low, max: result.high } } as const;
    const round = { ...this.node('Round', [computed.value], name), epilogue };
    const inputs = [name, this.scalar(1), ...last.inputs.slice(2)];
    this.editor.replace(replaced, [...computed.nodes, ...(computed.exact ? [] : [round]), { ...last, inputs }]);
    this.stored.set(last.outputs[0]!, { ...result, name });
  }

  /** Replaces a Gemm or MatMul whose result stays real by the integers and their scale. */
  realProduct(node: Node): void {
    const sum = this.accumulate(node);
    if (!sum) return;
    const scale = this.constant(
      sum.dims,
      sum.weightScale.map((weight) => sum.inputScale * weight),
    );
    this.editor.replace([node], [sum.node, this.binary('Mul', sum.value, scale, node.outputs[0]!)]);
  }

  private product(node: Node, result: QuantizedValue): Computed | undefined {
    const sum = this.accumulate(node);
    if (!sum) return undefined;
    // Two roundings, as onnxruntime makes them.
    const factors = sum.weightScale.map((weight) => Math.fround(sum.inputScale * weight) / result.scale);
    const value = this.name(node, 'scaled');
    return { nodes: [sum.node, this.binary('Mul', sum.value, this.constant(sum.dims, factors), value)], value };
  }

  /** The integers of a Conv, Gemm or MatMul of quantized values. */
  private accumulate(node: Node): Accumulated | undefined {
    const input = this.quantizedOf(node.inputs[0]);
    if (!input || !isByte(input) || node.epilogue) return undefined;
    if (isOperator(node, 'Gemm') && !['alpha', 'beta'].every((name) => numberAttribute(node, name, 1) === 1)) {
      return undefined;
    }
    if (numberAttribute(node, 'transA', 0) !== 0) return undefined;
    const weight = quantizedConstant(this.editor, node.inputs[1], ['int8', 'uint8']);
    if (!weight) return isOperator(node, 'MatMul') ? this.accumulateBoth(node, input) : undefined;
    const { dims, scale, axis } = weight;
    const columns = isOperator(node, 'Conv') || numberAttribute(node, 'transB', 0) !== 0 ? 0 : dims.length - 1;
    const perChannel = scale.length > 1;
    if (perChannel && (axis !== columns || (dims.length !== 2 && !isOperator(node, 'Conv')))) return undefined;
    const bias = node.inputs[2] ? this.bias(node.inputs[2], input.scale, scale) : undefined;
    if (node.inputs[2] && !bias) return undefined;
    const value = this.name(node, 'sum');
    const inputs = [
      input.name,
      this.constant(dims, weight.values),
      ...(bias ? [this.constant(bias.dims, bias.data)] : []),
    ];
    const trailing = isOperator(node, 'Conv') ? dims.slice(2).map(() => 1) : [];
    return {
      node: { ...node, inputs, outputs: [value], ...UNFOLDED },
      value,
      inputScale: input.scale,
      weightScale: scale,
      dims: perChannel ? [scale.length, ...trailing] : [],
    };
  }

  private accumulateBoth(node: Node, input: QuantizedValue): Accumulated | undefined {
    const other = this.quantizedOf(node.inputs[1]);
    if (!other || !isByte(other)) return undefined;
    const value = this.name(node, 'sum');
    return {
      node: { ...node, inputs: [input.name, other.name], outputs: [value], ...UNFOLDED },
      value,
      inputScale: input.scale,
      weightScale: Float32Array.of(other.scale),
      dims: [],
    };
  }

  /** A bias of int32 in units of the products. */
  private bias(name: string, input: number, weight: Float32Array) {
    const stored = quantizedConstant(this.editor, name, ['int32']);
    const fits = stored?.scale.every((scale, m) => {
      const product = input * weight[weight.length === 1 ? 0 : m]!;
      return Math.abs(scale - product) <= SCALE_TOLERANCE * product;
    });
    return fits && (stored!.scale.length === 1) === (weight.length === 1)
      ? { dims: stored!.dims, data: stored!.values }
      : undefined;
  }

  private sum(node: Node, result: QuantizedValue): Computed | undefined {
    const [a, b] = this.pair(node, result);
    if (!a || !b) return undefined;
    const { left, right, shift } = sumFactors(a, b, result);
    const [first, second, sum] = [this.name(node, 'first'), this.name(node, 'second'), this.name(node, 'sum')];
    const nodes = [
      this.binary('Mul', a.name, this.scalar(left), first),
      this.binary('Mul', b.name, this.scalar(right), second),
      this.binary('Add', first, second, sum),
    ];
    if (shift === 0) return { nodes, value: sum };
    const value = this.name(node, 'shifted');
    return { nodes: [...nodes, this.binary('Add', sum, this.scalar(shift), value)], value };
  }

  private elementProduct(node: Node, result: QuantizedValue): Computed | undefined {
    const [a, b] = this.pair(node, result);
    if (!a || !b) return undefined;
    const factor = Math.fround(a.scale * b.scale) / result.scale;
    const [product, value] = [this.name(node, 'product'), this.name(node, 'scaled')];
    const nodes = [
      this.binary('Mul', a.name, b.name, product),
      this.binary('Mul', product, this.scalar(factor), value),
    ];
    return { nodes, value };
  }

  /** The sum of every plane, from its mean: exact, as sums are integers. */
  private average(node: Node, result: QuantizedValue): Computed | undefined {
    const input = this.quantizedOf(node.inputs[0]);
    if (!input || !isByte(input) || !isByte(result)) return undefined;
    const nodes: Node[] = [];
    const add = (op: string, inputs: readonly string[], hint: string, attributes = {}): string => {
      const output = this.name(node, hint);
      nodes.push({ ...this.node(op, inputs, output), attributes });
      return output;
    };
    const size = (of: string) => add('Cast', [add('Size', [of], 'size')], 'size', TO_FLOAT64);
    const mean = add(node.op, [input.name], 'mean', node.attributes);
    // Planning computes what follows from shapes alone: the number of values behind a mean, and the factor.
    const count = add('Cast', [add('Div', [size(input.name), size(mean)], 'ratio')], 'count', TO_FLOAT32);
    const unit = add('Mul', [count, this.scalar(result.scale)], 'unit');
    const factor = add('Div', [this.scalar(input.scale), unit], 'factor');
    const sum = add('Round', [add('Mul', [mean, count], 'product')], 'sum');
    return { value: add('Mul', [sum, factor], 'scaled'), nodes };
  }

  private moved(node: Node, result: QuantizedValue): Computed | undefined {
    const input = this.quantizedOf(node.inputs[0]);
    const same = input && input.scale === result.scale && input.zero === result.zero && input.type === result.type;
    if (!same || node.outputs.length > 1) return undefined;
    const value = this.name(node, 'integers');
    return {
      nodes: [{ ...node, inputs: [input.name, ...node.inputs.slice(1)], outputs: [value] }],
      value,
      exact: true,
    };
  }

  private pair(node: Node, result: QuantizedValue): (QuantizedValue | undefined)[] {
    const both = node.inputs.map((name) => this.quantizedOf(name));
    return both.every((value) => value && isByte(value)) && isByte(result) ? both : [];
  }

  /** The integers behind a real value: those it was made from, or made now from stored integers or constants. */
  private quantizedOf(name: string | undefined): QuantizedValue | undefined {
    const known = this.real.get(name ?? '');
    const node = this.editor.producer(name);
    if (known || !node || !isOperator(node, 'DequantizeLinear')) return known;
    const quantization = quantizationOf(this.editor, node);
    const constant = this.editor.constant(node.inputs[0]);
    const type = constant?.type ?? quantization?.type;
    const own = quantization && type && quantizedValue(this.name(node, 'integers'), type, quantization);
    if (!own || (quantization.type ?? type) !== type) return undefined;
    if (constant) {
      const made = { ...own, name: this.constant(constant.dims, subtractZeros(constant, [own.zero], 0)) };
      this.real.set(name!, made);
      return made;
    }
    const inputs = [node.inputs[0]!, this.scalar(1), ...node.inputs.slice(2)];
    this.editor.replace([node], [{ ...node, name: own.name, inputs, outputs: [own.name] }, node]);
    this.real.set(name!, own);
    return own;
  }

  private name(node: Node, hint: string): string {
    return this.editor.newName(`${node.name}_${hint}`);
  }

  private node(op: string, inputs: readonly string[], output: string): Node {
    return { name: this.editor.newName(`${output}_${op}`), op, domain: '', inputs, outputs: [output], attributes: {} };
  }

  private binary(op: 'Add' | 'Div' | 'Mul', a: string, b: string, output: string): Node {
    return this.node(op, [a, b], output);
  }

  private constant(dims: readonly number[], data: Float32Array): string {
    return this.editor.addConstant(floatConstant(dims, data), 'integers');
  }

  private scalar(value: number): string {
    return this.constant([], Float32Array.of(value));
  }
}
