/** Runs the kernels of a plan outside of the engine, in any Wasm build: for tests and benchmarks, in Node and in browsers. */

import { hostStep } from '../../src/engine/machine.js';
import { createMemory } from '../../src/engine/memory.js';
import { allocate } from '../../src/graph/tensor.js';
import type { TensorType, TensorValue } from '../../src/graph/types.js';
import { unshareMemory } from '../../src/kernels/memory-flag.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';
import type { Plan, Step } from '../../src/plan/types.js';

/** A compiled Wasm build, and whether its memory is shared. */
export interface KernelBuild {
  readonly module: WebAssembly.Module;
  readonly shared: boolean;
}

/**
 * The builds that validate here, with shared memory (`simd`) and without (`simd unshared`): Node 20 has no relaxed SIMD, Node 22 and later do.
 *
 * @param modules bytes of each build, as they are inlined
 */
export function kernelBuilds(modules: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Map<string, KernelBuild> {
  const builds = new Map<string, KernelBuild>();
  for (const [name, bytes] of Object.entries(modules)) {
    if (!WebAssembly.validate(bytes)) continue;
    builds.set(name, { module: new WebAssembly.Module(bytes), shared: true });
    builds.set(`${name} unshared`, { module: new WebAssembly.Module(unshareMemory(bytes).slice()), shared: false });
  }
  return builds;
}

type Kernel = (params: number, begin: number, end: number, thread: number) => void;

/** What the memory holds where nothing was written yet: kernels must not count on zeros. */
const GARBAGE = 0xee;

/** One plan in a memory of its own, with an instance of the kernels per thread. */
export class KernelHarness {
  /** The whole memory. */
  readonly bytes: Uint8Array;
  readonly #instances: readonly Readonly<Record<string, unknown>>[];

  constructor(
    readonly plan: Plan,
    { module, shared }: KernelBuild,
    /** Of the steps that no kernel runs. */
    private readonly operators = COMPLETE_OPERATORS,
  ) {
    const memory = createMemory(plan.memoryBytes, shared);
    const instance = () => new WebAssembly.Instance(module, { env: { memory } }).exports;
    this.#instances = Array.from({ length: plan.threads }, instance);
    this.bytes = new Uint8Array(memory.buffer).fill(GARBAGE);
    for (const { offset, data } of plan.constants) this.bytes.set(data, offset);
    for (const { offset, bytes, value } of plan.fills) this.bytes.fill(value, offset, offset + bytes);
  }

  /** Writes the inputs, by name. */
  feed(feeds: Readonly<Record<string, TensorValue>>): void {
    for (const { name, offset } of this.plan.inputs) {
      const { buffer, byteOffset, byteLength } = feeds[name]!.data as Uint8Array;
      this.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    }
  }

  /** Runs every step. */
  run(): void {
    for (const step of this.plan.steps) this.runStep(step);
  }

  /**
   * Runs one step: an operator's `evaluate`, or the tiles of a kernel, split between the threads in turn, the last thread first: the order
   * must not matter.
   */
  runStep(step: Step): void {
    if (step.kind === 'host') {
      hostStep(this.bytes.buffer, step, this.operators)();
      return;
    }
    const threads = this.#instances.length;
    for (let thread = threads - 1; thread >= 0; thread--) {
      const begin = Math.floor((step.tiles * thread) / threads);
      const end = Math.floor((step.tiles * (thread + 1)) / threads);
      (this.#instances[thread]![step.kernel] as Kernel)(step.params, begin, end, thread);
    }
  }

  /** A copy of the tensor at `offset`. */
  read({ type, dims, offset }: TensorType & { readonly offset: number }): TensorValue {
    const result = allocate(type, dims);
    const { buffer, byteLength } = result.data as Uint8Array;
    new Uint8Array(buffer).set(this.bytes.subarray(offset, offset + byteLength));
    return result;
  }

  /** The outputs, by name. */
  outputs(): Record<string, TensorValue> {
    return Object.fromEntries(this.plan.outputs.map((output) => [output.name, this.read(output)]));
  }
}

/** The kernels that a plan calls, in order; `host` for other steps. */
export function kernelsOf({ steps }: Plan): readonly string[] {
  return steps.map((step) => (step.kind === 'kernel' ? step.kernel : 'host'));
}
