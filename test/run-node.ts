/** Runs one node through its lowering rule on Wasm kernels, and through its operator's `evaluate`, for kernel tests. */

import { allocate, elementCount } from '../src/graph/tensor.js';
import type { Graph, Node, TensorType, TensorValue } from '../src/graph/types.js';
import { KERNELS } from '../src/kernels/list.js';
import { unshareMemory } from '../src/kernels/memory-flag.js';
import { COMPLETE_OPERATORS } from '../src/ops/complete.js';
import type { Operator } from '../src/ops/operator.js';
import { Lowering } from '../src/plan/context.js';
import type { Address, ConcreteGraph, KernelCall, LoweringRule, VirtualBuffer } from '../src/plan/types.js';
import { WASM_BUILDS } from './wasm-builds.js';

type Kernel = (params: number, begin: number, end: number, thread: number) => void;

export interface NodeCase {
  readonly op: string;
  readonly attributes?: Node['attributes'];
  readonly epilogue?: Node['epilogue'];
  readonly opset?: number;
  readonly domain?: string;
  /** Computed at run time, by name; the node's inputs are `order`. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  readonly constants?: Readonly<Record<string, TensorValue>>;
  /** Names of the node's inputs, '' for an omitted one. Default: inputs, then constants. */
  readonly order?: readonly string[];
  /** Default: y. */
  readonly outputs?: readonly string[];
  /** Nodes behind the tested one, whose wishes its rule must see (Encode), with their constants in `constants`. */
  readonly readers?: readonly Node[];
}

/** A float32 tensor of the given shape. */
export function float32(dims: readonly number[], values: (index: number) => number): TensorValue {
  return { type: 'float32', dims, data: Float32Array.from({ length: elementCount(dims) }, (_, i) => values(i)) };
}

/** Deterministic noise in −1..1. */
export function noise(dims: readonly number[], seed: number): TensorValue {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return float32(dims, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function graphOf(test: NodeCase): Graph {
  const order = test.order ?? [...Object.keys(test.inputs), ...Object.keys(test.constants ?? {})];
  const { op, domain = '', attributes = {} } = test;
  const epilogue = test.epilogue ? { epilogue: test.epilogue } : {};
  const node: Node = { name: 'n', op, domain, inputs: order, outputs: test.outputs ?? ['y'], attributes, ...epilogue };
  const readers = test.readers ?? [];
  const outputs = readers.length > 0 ? readers.map((reader) => reader.outputs[0]!) : node.outputs;
  return {
    name: 'test',
    opset: { '': test.opset ?? 17, lutra: 1, 'com.microsoft': 1 },
    inputs: Object.entries(test.inputs).map(([name, { type, dims }]) => ({ name, type, dims })),
    outputs: outputs.map((name) => ({ name, type: 'float32', dims: undefined })),
    nodes: [node, ...readers],
    initializers: new Map(Object.entries(test.constants ?? {})),
    metadata: {},
  };
}

function operatorOf(graph: Graph, node: Node): { operator: Operator; opset: number } {
  const opset = graph.opset[node.domain]!;
  const operator = COMPLETE_OPERATORS.find(node.domain, node.op, opset);
  if (!operator) throw new Error(`no operator ${node.domain}:${node.op} version ${opset}`);
  return { operator, opset };
}

/** Types of the node's outputs. */
function infer(test: NodeCase, graph: Graph): TensorType[] {
  const node = graph.nodes[0]!;
  const { operator, opset } = operatorOf(graph, node);
  const inputs = node.inputs.map((name) => test.inputs[name] ?? withValue(test.constants?.[name]));
  return operator.infer({ node, opset, inputs: inputs.map((input) => input && { ...input }) });
}

function withValue(value: TensorValue | undefined) {
  return value && { ...value, value };
}

/** The operator's own result, before any epilogue. */
export function reference(test: NodeCase, output = 0): Float32Array {
  const graph = graphOf(test);
  const node = graph.nodes[0]!;
  const { operator, opset } = operatorOf(graph, node);
  const outputs = infer(test, graph).map((output) => allocate(output.type, output.dims));
  const inputs = node.inputs.map((name) => test.inputs[name] ?? test.constants?.[name]);
  operator.evaluate({ node, opset, inputs }, outputs);
  return outputs[output]!.data as Float32Array;
}

/** The graph as the planner would see it: every type known. */
function concreteOf(test: NodeCase): ConcreteGraph {
  const graph = graphOf(test);
  const values = Object.entries({ ...test.inputs, ...test.constants });
  const types = new Map<string, TensorType>(values.map(([name, { type, dims }]) => [name, { type, dims }]));
  const inferred = infer(test, graph);
  graph.nodes[0]!.outputs.forEach((name, i) => {
    types.set(name, inferred[i]!);
  });
  const consumers = new Map<string, readonly Node[]>([['y', test.readers ?? []]]);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  return {
    graph,
    operators: COMPLETE_OPERATORS,
    nodes: graph.nodes,
    types,
    constants: graph.initializers,
    consumers,
    outputs,
  };
}

export interface NodeRun {
  readonly kernels: readonly string[];
  readonly memory: Uint8Array;
  readonly lowering: Lowering;
  offset(buffer: VirtualBuffer): number;
  /** Output `y` of the node after the first run. */
  readonly y: Float32Array;
  /** Any float32 output, by name. */
  read(output: string): Float32Array;
  /** Runs all tiles once more, for benchmarks. */
  again(): void;
}

export interface RunSettings {
  readonly threads?: number;
  readonly shared?: boolean;
  readonly wasm?: keyof typeof WASM_BUILDS;
}

/** Bytes between buffers, filled with a pattern that no kernel may change. */
const GUARD = 64;
const CANARY = 0xc5;

/**
 * Lowers the node with `rule`, lays its buffers out one after the other and runs its tiles as `threads` threads would.
 * Returns undefined when the rule declines; throws when a kernel writes outside of its buffers.
 */
export function runNode(
  rule: LoweringRule,
  test: NodeCase,
  { threads = 1, shared = false, wasm = 'simd' }: RunSettings = {},
): NodeRun | undefined {
  const concrete = concreteOf(test);
  const lowering = new Lowering(concrete, threads, new Set(), new Map());
  const node = concrete.nodes[0]!;
  lowering.begin(node.outputs);
  if (!rule(lowering, node)) return undefined;
  const calls = lowering.steps as readonly KernelCall[];

  const offsets = new Map<VirtualBuffer, number>();
  let end = 4096;
  const place = ({ buffer }: Address) => {
    if (offsets.has(buffer)) return;
    offsets.set(buffer, end);
    end = Math.ceil((end + buffer.bytes) / 64) * 64 + GUARD;
  };
  for (const name of Object.keys(test.inputs)) place(lowering.dense(name));
  for (const call of calls) for (const value of Object.values(call.params)) if (typeof value === 'object') place(value);
  const pages = Math.ceil(end / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(CANARY);
  for (const [buffer, offset] of offsets) {
    if (buffer.data) bytes.set(buffer.data, offset);
    else bytes.fill(buffer.fill ?? 0xee, offset, offset + buffer.bytes);
  }
  for (const [name, { data }] of Object.entries(test.inputs)) {
    const { buffer, byteOffset } = lowering.dense(name);
    const view = data as Float32Array;
    bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offsets.get(buffer)! + byteOffset);
  }
  const code = WASM_BUILDS[wasm];
  const module = new WebAssembly.Module((shared ? code : unshareMemory(code)) as Uint8Array<ArrayBuffer>);
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as Record<string, Kernel>;
  const params = new DataView(memory.buffer);
  const runTiles = (call: KernelCall) => {
    for (let t = 0; t < threads; t++) {
      const [from, to] = [t, t + 1].map((part) => Math.floor((call.tiles * part) / threads));
      kernels[call.kernel]!(0, from!, to!, t);
    }
  };
  for (const call of calls) {
    KERNELS[call.kernel].forEach((field: string, index: number) => {
      const value = call.params[field.replace(':f32', '')];
      if (value === undefined) throw new Error(`${call.kernel} has no value for ${field}`);
      if (typeof value === 'object') params.setInt32(index * 4, offsets.get(value.buffer)! + value.byteOffset, true);
      else if (field.endsWith(':f32')) params.setFloat32(index * 4, value, true);
      else params.setInt32(index * 4, value, true);
    });
    runTiles(call);
  }
  for (const [buffer, offset] of offsets) {
    if (buffer.data && !bytes.subarray(offset, offset + buffer.bytes).every((byte, i) => byte === buffer.data![i])) {
      throw new Error(`constant ${buffer.label} was overwritten`);
    }
    const guard = Math.ceil((offset + buffer.bytes) / 64) * 64;
    if (!bytes.subarray(guard, guard + GUARD).every((byte) => byte === CANARY)) {
      throw new Error(`something wrote behind ${buffer.label}`);
    }
  }
  const read = (output: string) => {
    const { buffer, byteOffset } = lowering.dense(output);
    const at = offsets.get(buffer);
    const values = new Float32Array(at === undefined ? 0 : elementCount(lowering.type(output).dims));
    if (at !== undefined) {
      new Uint8Array(values.buffer).set(bytes.subarray(at + byteOffset, at + byteOffset + values.byteLength));
    }
    return values;
  };
  return {
    kernels: calls.map((call) => call.kernel),
    memory: bytes,
    lowering,
    offset: (wanted) => offsets.get(wanted)!,
    again: () => calls.forEach(runTiles),
    y: read(node.outputs[0]!),
    read,
  };
}

/** Largest |actual − expected| divided by the largest |expected| (or 1 when that is less). */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  let scale = 1;
  let worst = 0;
  expected.forEach((value, i) => {
    scale = Math.max(scale, Math.abs(value));
    const difference = Object.is(value, actual[i]) ? 0 : Math.abs(value - actual[i]!);
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  });
  return worst / scale;
}
