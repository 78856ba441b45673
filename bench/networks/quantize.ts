import { Executor } from '../../src/engine/executor.js';
import { tensorValue } from '../../src/graph/tensor.js';
import { consumersOf, producersOf, UniqueNames, valueNames } from '../../src/graph/topology.js';
import type { Graph, Node, TensorValue } from '../../src/graph/types.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';

/** Steps of a uint8 activation between its bounds, and of a symmetric int8 weight from 0 to its bound. */
const ACTIVATION_STEPS = 255;
const WEIGHT_STEPS = 127;

/** Operators whose output has the range of its input. */
const KEEPS_RANGE: ReadonlySet<string> = new Set(['MaxPool', 'Flatten']);
const LAYERS: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);

/** Inputs of a network by name. */
type Feeds = Readonly<Record<string, TensorValue>>;

interface ActivationRange {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** How the range of an activation follows from what was seen: all of it, or all but the outermost values. */
export type RangeRule = 'min-max' | 'percentile';

/** Share of the values that a percentile leaves out at each end. */
const OUTERMOST = 1e-4;
/** Values kept of one activation over all examples, to find percentiles in. */
const KEPT_VALUES = 1 << 18;

/**
 * The network in int8 as onnxruntime's static quantization writes it: QuantizeLinear and DequantizeLinear around every operator, which
 * runtimes fuse; activations uint8 per tensor, weights int8 per output channel, biases int32. A network with matrix products of computed
 * values (attention) keeps float32 between its linear layers, as is usual for transformers: only the layers' inputs become uint8.
 *
 * @param examples inputs, one or more batches; the ranges of all activations are taken from them
 */
export async function quantize(graph: Graph, examples: readonly Feeds[], rule: RangeRule = 'min-max'): Promise<Graph> {
  const attention = graph.nodes.some(({ op, inputs }) => op === 'MatMul' && !graph.initializers.has(inputs[1]!));
  const writer = new QuantizedWriter(graph);
  const values = attention ? writer.layerInputs() : writer.activations();
  return writer.write(await rangesOf(graph, values, examples, rule), attention);
}

/** Runs the network and fits a scale and a zero point to the range of every value. */
async function rangesOf(
  graph: Graph,
  values: readonly string[],
  examples: readonly Feeds[],
  rule: RangeRule,
): Promise<ReadonlyMap<string, ActivationRange>> {
  const fed = new Set(Object.keys(examples[0] ?? {}));
  const computed = values.filter((name) => !fed.has(name));
  const probe = { ...graph, outputs: computed.map((name) => ({ name, type: 'float32', dims: undefined }) as const) };
  const executor = await Executor.create(probe, COMPLETE_RUNTIME, { threads: 1 });
  try {
    const seen = new Map(values.map((name) => [name, new SeenValues(Math.ceil(KEPT_VALUES / examples.length))]));
    for (const example of examples) {
      const results: Feeds = { ...example, ...executor.run(example) };
      for (const [name, values] of seen) values.add(results[name]!.data as Float32Array);
    }
    return new Map([...seen].map(([name, values]) => [name, fitRange(values.bounds(rule))]));
  } finally {
    executor.dispose();
  }
}

/** What one activation was over the examples. */
class SeenValues {
  #least = 0;
  #most = 0;
  readonly #kept: number[] = [];

  /** @param perBatch values of a batch that are kept at most, at even distances */
  constructor(private readonly perBatch: number) {}

  add(values: Float32Array): void {
    for (const value of values) {
      this.#least = Math.min(this.#least, value);
      this.#most = Math.max(this.#most, value);
    }
    // An odd step visits every channel and position in turn.
    const step = Math.ceil(values.length / this.perBatch) | 1;
    for (let i = 0; i < values.length; i += step) this.#kept.push(values[i]!);
  }

  bounds(rule: RangeRule): readonly [least: number, most: number] {
    if (rule === 'min-max') return [this.#least, this.#most];
    const sorted = Float32Array.from(this.#kept).sort();
    const skipped = Math.floor(sorted.length * OUTERMOST);
    return [Math.min(0, sorted[skipped]!), Math.max(0, sorted[sorted.length - 1 - skipped]!)];
  }
}

/** Zero is one of the integers, so that padding is exact. */
function fitRange([least, most]: readonly [number, number]): ActivationRange {
  const scale = Math.fround((most - least) / ACTIVATION_STEPS) || 1;
  return { scale, zeroPoint: Math.round(-least / scale) };
}

class QuantizedWriter {
  readonly #names: UniqueNames;
  readonly #initializers: Map<string, TensorValue>;
  readonly #nodes: Node[] = [];

  constructor(private readonly graph: Graph) {
    this.#names = new UniqueNames(new Set([...valueNames(graph), ...graph.nodes.map(({ name }) => name)]));
    this.#initializers = new Map(graph.initializers);
  }

  /** Inputs of the layers with constant weights. */
  layerInputs(): readonly string[] {
    const layers = this.graph.nodes.filter((node) => this.#isLayer(node));
    return [...new Set(layers.map(({ inputs }) => inputs[0]!))];
  }

  /** Every value but those that only a ReLU reads: runtimes cut integers off below its zero instead. */
  activations(): readonly string[] {
    const consumers = consumersOf(this.graph.nodes);
    const values = [
      ...this.graph.inputs,
      ...this.graph.nodes.flatMap(({ outputs }) => outputs.map((name) => ({ name }))),
    ];
    return values
      .map(({ name }) => name)
      .filter((name) => !consumers.get(name)?.every(({ op }) => op === 'Relu') || !consumers.has(name));
  }

  /** @param layersOnly other operators read the values as they were */
  write(ranges: ReadonlyMap<string, ActivationRange>, layersOnly: boolean): Graph {
    const producers = producersOf(this.graph.nodes);
    const known = (name: string): ActivationRange | undefined => {
      const producer = producers.get(name);
      return producer && KEEPS_RANGE.has(producer.op) ? known(producer.inputs[0]!) : ranges.get(name);
    };
    /** Value name → what its readers read instead. */
    const replaced = new Map<string, string>();
    const outputs = new Set(this.graph.outputs.map(({ name }) => name));
    for (const { name } of this.graph.inputs) {
      const fitted = ranges.has(name) ? known(name) : undefined;
      if (fitted) replaced.set(name, this.#roundTrip(name, name, fitted));
    }
    for (const node of this.graph.nodes) {
      const isLayer = this.#isLayer(node);
      const inputs = node.inputs.map((name) => (isLayer || !layersOnly ? replaced.get(name) : undefined) ?? name);
      const input = known(node.inputs[0]!);
      if (isLayer && input) inputs.splice(1, 2, ...this.#weights(node, input));
      // The name of a graph output must be that of the last of the pair.
      const renamed = node.outputs.map((name) =>
        ranges.has(name) && outputs.has(name) ? this.#names.make(`${name}/float`) : name,
      );
      this.#nodes.push({ ...node, inputs, outputs: renamed });
      node.outputs.forEach((name, index) => {
        if (!ranges.has(name)) return;
        const to = outputs.has(name) ? name : undefined;
        replaced.set(name, this.#roundTrip(renamed[index]!, name, known(name)!, to));
      });
    }
    const used = new Set(this.#nodes.flatMap(({ inputs }) => inputs));
    for (const name of this.#initializers.keys()) if (!used.has(name)) this.#initializers.delete(name);
    return { ...this.graph, name: `${this.graph.name}_int8`, nodes: this.#nodes, initializers: this.#initializers };
  }

  #isLayer({ op, domain, inputs }: Node): boolean {
    return domain === '' && LAYERS.has(op) && this.graph.initializers.has(inputs[1] ?? '');
  }

  #constant(hint: string, value: TensorValue): string {
    const name = this.#names.make(hint);
    this.#initializers.set(name, value);
    return name;
  }

  #node(op: string, hint: string, inputs: readonly string[], attributes: Node['attributes'] = {}, to?: string): string {
    const name = this.#names.make(`${hint}/${op}`);
    const output = to ?? this.#names.make(`${name}.out`);
    this.#nodes.push({ name, op, domain: '', inputs, outputs: [output], attributes });
    return output;
  }

  /** To integers and back. */
  #roundTrip(value: string, hint: string, { scale, zeroPoint }: ActivationRange, to?: string): string {
    const scaleName = this.#constant(`${hint}/scale`, tensorValue('float32', [], Float32Array.of(scale)));
    const zeroName = this.#constant(`${hint}/zero_point`, tensorValue('uint8', [], Uint8Array.of(zeroPoint)));
    const quantized = this.#node('QuantizeLinear', hint, [value, scaleName, zeroName]);
    return this.#node('DequantizeLinear', hint, [quantized, scaleName, zeroName], {}, to);
  }

  /** Weight and, if there is one, bias of a layer as dequantized constants. */
  #weights(node: Node, input: ActivationRange): string[] {
    const weight = this.graph.initializers.get(node.inputs[1]!)!;
    // [O, …] but for MatMul, whose outputs are columns.
    const axis = node.op === 'MatMul' || (node.op === 'Gemm' && node.attributes.transB !== 1) ? 1 : 0;
    const outputs = weight.dims[axis]!;
    const values = weight.data as Float32Array;
    const inner = axis === 1 ? 1 : values.length / outputs;
    const channel = (i: number) => Math.floor(i / inner) % outputs;
    const scales = new Float32Array(outputs);
    for (let i = 0; i < values.length; i++) {
      const o = channel(i);
      scales[o] = Math.max(scales[o]!, Math.abs(values[i]!) / WEIGHT_STEPS);
    }
    const stored = new Int8Array(values.length);
    for (let i = 0; i < values.length; i++) stored[i] = Math.round(values[i]! / scales[channel(i)]!);
    const dequantize = (what: string, value: TensorValue, perChannel: Float32Array, onAxis: number) => {
      const hint = `${node.name}/${what}`;
      const scaleName = this.#constant(`${hint}.scale`, tensorValue('float32', [outputs], perChannel));
      const zero = { type: value.type, dims: [outputs], data: value.data.slice(0, outputs) } as TensorValue;
      (zero.data as Int8Array).fill(0);
      const inputs = [this.#constant(hint, value), scaleName, this.#constant(`${hint}.zero_point`, zero)];
      return this.#node('DequantizeLinear', hint, inputs, { axis: onAxis });
    };
    const dequantized = [dequantize('weight', tensorValue('int8', weight.dims, stored), scales, axis)];
    const bias = this.graph.initializers.get(node.inputs[2] ?? '');
    if (bias) {
      const biasScales = scales.map((scale) => scale * input.scale);
      const rounded = Int32Array.from(bias.data as Float32Array, (value, o) => Math.round(value / biasScales[o]!));
      dequantized.push(dequantize('bias', tensorValue('int32', [outputs], rounded), biasScales, 0));
    }
    return dequantized;
  }
}
