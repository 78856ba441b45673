/** Runs one node through its lowering rule on Wasm kernels, and through its operator's `evaluate`, for kernel tests. */

import { allocate, elementCount } from '../src/graph/tensor.js';
import type { Graph, Node, TensorType, TensorValue } from '../src/graph/types.js';
import { COMPLETE_OPERATORS } from '../src/ops/complete.js';
import type { Operator } from '../src/ops/operator.js';
import { Lowering } from '../src/plan/context.js';
import { align, CACHE_LINE } from '../src/plan/memory.js';
import { place } from '../src/plan/plan.js';
import type { Address, ConcreteGraph, LoweringRule, VirtualBuffer } from '../src/plan/types.js';
import { KernelHarness, kernelBuilds, kernelsOf } from './support/kernel-harness.js';
import { WASM_BUILDS } from './wasm-builds.js';

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
  // Readers only wish; nobody runs them.
  const outputs = new Set(test.readers ? [] : graph.outputs.map((output) => output.name));
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

/** Bytes behind every buffer that no kernel may change. */
const GUARD = 64;
const CANARY = 0xc5;

/** Where the guard of a buffer of so many bytes begins. */
const guardOf = (bytes: number) => align(bytes, CACHE_LINE);

/** Keeps {@link GUARD} bytes behind every buffer. */
class GuardedLowering extends Lowering {
  readonly #guarded = new Map<VirtualBuffer, number>();

  #guard({ buffer }: Address): Address {
    const guard = guardOf(buffer.bytes);
    const wider = { ...buffer, bytes: guard + GUARD };
    this.#guarded.set(wider, guard);
    return { buffer: wider, byteOffset: 0 };
  }

  override temporary(label: string, bytes: number): Address {
    return this.#guard(super.temporary(label, bytes));
  }

  override persistent(label: string, bytes: number, fill: number): Address {
    return this.#guard(super.persistent(label, bytes, fill));
  }

  override scratch(bytes: number): Address {
    return this.#guard(super.scratch(bytes));
  }

  override packed(key: string, label: string, build: () => ArrayBufferView): Address {
    const address = super.packed(key, label, () => {
      const { buffer, byteOffset, byteLength } = build();
      const guarded = new Uint8Array(guardOf(byteLength) + GUARD).fill(CANARY);
      guarded.set(new Uint8Array(buffer, byteOffset, byteLength));
      return guarded;
    });
    this.#guarded.set(address.buffer, 0);
    return address;
  }

  /** The guards of the buffers that were used, and all of each constant. */
  guards(places: ReadonlyMap<VirtualBuffer, number>) {
    return [...this.#guarded].flatMap(([buffer, from]) => {
      const at = places.get(buffer);
      return at === undefined ? [] : [{ label: buffer.label, begin: at + from, end: at + buffer.bytes }];
    });
  }
}

const BUILDS = kernelBuilds(WASM_BUILDS);

/**
 * Lowers the node with `rule` and runs its tiles as `threads` threads would. Returns undefined when the rule declines; throws when a
 * kernel writes outside of its buffers.
 */
export function runNode(
  rule: LoweringRule,
  test: NodeCase,
  { threads = 1, shared = false, wasm = 'simd' }: RunSettings = {},
): NodeRun | undefined {
  const concrete = concreteOf(test);
  const lowering = new GuardedLowering(concrete, threads, new Set(), new Map());
  const node = concrete.nodes[0]!;
  lowering.begin(node.outputs);
  if (!rule(lowering, node)) return undefined;
  const { plan, places } = place(lowering);
  const build = BUILDS.get(shared ? wasm : `${wasm} unshared`);
  if (!build) throw new Error(`${wasm} does not run here`);
  const harness = new KernelHarness(plan, build);
  const { bytes } = harness;
  const guards = lowering.guards(places).map((guard) => ({ ...guard, held: bytes.slice(guard.begin, guard.end) }));
  harness.feed(test.inputs);
  harness.run();
  for (const { label, begin, held } of guards) {
    if (held.some((byte, i) => byte !== bytes[begin + i])) throw new Error(`something wrote behind or over ${label}`);
  }
  const read = (output: string) => {
    const { buffer, byteOffset } = lowering.dense(output);
    const at = places.get(buffer);
    if (at === undefined) return new Float32Array();
    return harness.read({ ...lowering.type(output), offset: at + byteOffset }).data as Float32Array;
  };
  return {
    kernels: kernelsOf(plan),
    memory: bytes,
    lowering,
    offset: (wanted) => places.get(wanted)!,
    again: () => harness.run(),
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
