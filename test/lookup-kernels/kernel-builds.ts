import { applyEpilogue } from '../../src/engine/epilogue.js';
import { allocate } from '../../src/graph/tensor.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { unshareMemory } from '../../src/kernels/memory-flag.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import { plan } from '../../src/plan/plan.js';
import type { Plan } from '../../src/plan/types.js';

type Kernel = (params: number, begin: number, end: number, thread: number) => void;
interface Build {
  readonly module: WebAssembly.Module;
  readonly shared: boolean;
}
/** Runs every step, its tiles split between `threads` instances in turn (last thread first: order must not matter). */
function runPlan(
  planned: Plan,
  feeds: Record<string, TensorValue>,
  { module, shared }: Build,
): Record<string, TensorValue> {
  const pages = Math.ceil(planned.memoryBytes / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared });
  const bytes = new Uint8Array(memory.buffer);
  const instances = Array.from(
    { length: planned.threads },
    () => new WebAssembly.Instance(module, { env: { memory } }).exports,
  );
  for (const { offset, data } of planned.constants) bytes.set(data, offset);
  for (const { offset, bytes: count, value } of planned.fills) bytes.fill(value, offset, offset + count);
  for (let repeat = 0; repeat < 2; repeat++) {
    for (const { name, offset } of planned.inputs) {
      const { data } = feeds[name]!;
      const view = data as Float32Array;
      bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset);
    }
    for (const step of planned.steps) {
      if (step.kind !== 'kernel') throw new Error(`${step.node} was not lowered`);
      for (let thread = planned.threads - 1; thread >= 0; thread--) {
        const begin = Math.floor((step.tiles * thread) / planned.threads);
        const end = Math.floor((step.tiles * (thread + 1)) / planned.threads);
        (instances[thread]![step.kernel] as Kernel)(step.params, begin, end, thread);
      }
    }
  }
  return Object.fromEntries(
    planned.outputs.map(({ name, type, dims, offset }) => {
      const result = allocate(type, dims);
      const view = result.data as Uint8Array;
      const size = view.byteLength;
      new Uint8Array(view.buffer).set(bytes.subarray(offset, offset + size));
      return [name, result];
    }),
  );
}

/** Walks the graph with `evaluate` alone. */
function reference(graph: Graph, feeds: Record<string, TensorValue>): Map<string, TensorValue> {
  const values = new Map<string, TensorValue>([...graph.initializers, ...Object.entries(feeds)]);
  for (const node of graph.nodes) {
    const opset = node.domain ? 1 : 17;
    const operator = COMPLETE_OPERATORS.find(node.domain, node.op, opset)!;
    const inputs = node.inputs.map((name) => values.get(name)!);
    const types = operator.infer({ node, opset, inputs: inputs.map((value) => ({ ...value, value })) });
    const outputs = types.map(({ type, dims }) => allocate(type, dims));
    operator.evaluate({ node, opset, inputs }, outputs);
    if (node.epilogue)
      applyEpilogue(node.epilogue, outputs[0]!, values.get(node.epilogue.residual ?? ''), COMPLETE_OPERATORS);
    node.outputs.forEach((name, i) => void values.set(name, outputs[i]!));
  }
  return values;
}

/** NaN is NaN here, and 0 is −0. */
const same = (a: number, b: number) => a === b || (Number.isNaN(a) && Number.isNaN(b));

/** The Wasm builds that validate here, with shared memory and without: Node 20 has no relaxed SIMD, Node 22 and later do. */
export class KernelBuilds {
  private constructor(private readonly builds: ReadonlyMap<string, Build>) {}

  /** @param modules bytes of each build, as they are inlined */
  static from(modules: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): KernelBuilds {
    const builds = new Map<string, Build>();
    for (const [name, bytes] of Object.entries(modules)) {
      if (!WebAssembly.validate(bytes)) continue;
      builds.set(name, { module: new WebAssembly.Module(bytes), shared: true });
      builds.set(`${name} unshared`, { module: new WebAssembly.Module(unshareMemory(bytes).slice()), shared: false });
    }
    return new KernelBuilds(builds);
  }

  get names(): readonly string[] {
    return [...this.builds.keys()];
  }

  /** One of them alone. */
  only(name: string): KernelBuilds {
    return new KernelBuilds(new Map([[name, this.builds.get(name)!]]));
  }

  /**
   * Plans `graph`, runs it on the Wasm kernels and compares every output, value by value, with `evaluate`.
   *
   * @returns the kernels that ran
   * @throws Error naming the first value that differs
   */
  assertSame(graph: Graph, x: TensorValue, threads: number, build: string): readonly string[] {
    const planned = plan(graph, COMPLETE_RUNTIME, { x: { type: x.type, dims: x.dims } }, { threads });
    const actual = runPlan(planned, { x }, this.builds.get(build)!);
    const expected = reference(graph, { x });
    for (const { name } of graph.outputs) {
      const want = expected.get(name)!;
      const { dims, data } = actual[name]!;
      if (String(dims) !== String(want.dims)) throw new Error(`${name} is ${dims}, not ${want.dims} (${build})`);
      const wanted = want.data as Float32Array;
      const wrong = wanted.findIndex((value, i) => !same(value, data[i] as number));
      if (wrong >= 0) throw new Error(`${name}[${wrong}] is ${data[wrong]}, not ${wanted[wrong]} (${build})`);
    }
    return planned.steps.map((step) => (step.kind === 'kernel' ? step.kernel : 'host'));
  }
}
