import { LutraError } from '../errors.js';
import { arrayType, elementCount } from '../graph/tensor.js';
import type { TensorType, TensorValue } from '../graph/types.js';
import { findOperator } from '../ops/registry.js';
import type { Plan, Step } from '../plan/types.js';
import { barrier, CONTROL } from './control.js';
import { applyEpilogue } from './epilogue.js';

/** Thread 0 waited for a helper that never came. */
export class LostHelper extends LutraError {
  constructor() {
    super('INTERNAL', 'a helper thread died during the run', {
      hint: 'Run again: the session goes on with one thread',
    });
  }
}

/** Parts per thread into which a step is cut. */
const CHUNKS = 4;

type Kernel = (params: number, begin: number, end: number, thread: number) => void;
type KernelStep = Extract<Step, { kind: 'kernel' }>;
type HostStep = Extract<Step, { kind: 'host' }>;
/** A step as one thread sees it. */
export type MachineStep =
  | Pick<KernelStep, 'kind' | 'kernel' | 'params' | 'tiles'>
  | HostStep
  /** A host step, for helpers. */
  | { readonly kind: 'elsewhere' };

/** One thread's view of a plan: kernels bound to the memory, ready to walk. */
export class Machine {
  readonly #kernels: readonly (Kernel | undefined)[];
  readonly #hosts: readonly ((() => void) | undefined)[];
  readonly #params: Int32Array;
  readonly #tiles: Int32Array;
  /** 1 where all threads meet after the step. Between steps that thread 0 takes alone nobody needs to wait. */
  readonly #meets: Uint8Array;

  /**
   * @param thread Number of this thread; thread 0 runs the host steps.
   */
  constructor(
    module: WebAssembly.Module,
    private readonly memory: WebAssembly.Memory,
    steps: readonly MachineStep[],
    private readonly control: Int32Array,
    private readonly thread: number,
  ) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.#kernels = steps.map((step) => {
      if (step.kind !== 'kernel') return undefined;
      const kernel = exports[step.kernel];
      if (typeof kernel !== 'function') throw new LutraError('INTERNAL', `the Wasm build has no kernel ${step.kernel}`);
      return kernel as Kernel;
    });
    this.#hosts = steps.map((step) =>
      step.kind === 'host' && thread === 0 ? hostStep(memory.buffer, step) : undefined,
    );
    this.#params = Int32Array.from(steps, (step) => (step.kind === 'kernel' ? step.params : 0));
    this.#tiles = Int32Array.from(steps, (step) => (step.kind === 'kernel' ? step.tiles : 0));
    const alone = (index: number): boolean => index >= steps.length || this.#tiles[index]! < 2;
    this.#meets = Uint8Array.from(steps, (_, index) => (alone(index) && alone(index + 1) ? 0 : 1));
  }

  /** Takes tiles of a step as long as there are any: threads of unequal speed finish together. */
  #share(kernel: Kernel, params: number, tiles: number, threads: number): void {
    const { control, thread } = this;
    const chunk = Math.ceil(tiles / (CHUNKS * threads));
    for (let begin: number; (begin = Atomics.add(control, CONTROL.taken, chunk)) < tiles; ) {
      kernel(params, begin, Math.min(begin + chunk, tiles), thread);
    }
  }

  /** Writes constants and fills. Once per memory. */
  load(plan: Plan): void {
    const bytes = new Uint8Array(this.memory.buffer);
    for (const { offset, data } of plan.constants) bytes.set(data, offset);
    for (const { offset, bytes: length, value } of plan.fills) bytes.fill(value, offset, offset + length);
  }

  /** A view of a tensor in the memory. */
  view(tensor: TensorType & { readonly offset: number }): TensorValue {
    return view(this.memory.buffer, tensor);
  }

  /**
   * Runs steps from number `from` on, and returns the number of the first step not run: the number of steps, unless `deadline`
   * (of `performance.now`) passed. When the run is stopped the rest is skipped, in step with the other threads.
   *
   * @param threads Threads that walk together, this one included.
   * @param times Receives the time at the start of every step and at the end, in milliseconds.
   * @throws whatever a step throws, after all threads have come to the end. In thread 0 {@link LostHelper}, at once: a helper may
   *   have long host steps of thread 0 to wait for, but thread 0 knows that its helpers have about as much to do as itself.
   */
  walk(from: number, threads: number, deadline: number, times?: Float64Array): number {
    const { control, thread } = this;
    const run = Atomics.load(control, CONTROL.run);
    const count = this.#tiles.length;
    let failure: unknown;
    let step = from;
    for (; step < count; step++) {
      if (times) times[step] = performance.now();
      if (Atomics.load(control, CONTROL.stop) !== run) {
        try {
          const kernel = this.#kernels[step];
          if (kernel) {
            const tiles = this.#tiles[step]!;
            if (threads > 1 && tiles > 1) this.#share(kernel, this.#params[step]!, tiles, threads);
            else if (thread === 0) kernel(this.#params[step]!, 0, tiles, 0);
          } else {
            this.#hosts[step]?.();
          }
        } catch (thrown) {
          failure ??= thrown;
          // Before the barrier, so that thread 0 sees it when it is through.
          Atomics.store(control, CONTROL.failed, run);
          Atomics.store(control, CONTROL.stop, run);
        }
      }
      if (threads > 1) {
        if (this.#meets[step] && !barrier(control, threads, thread === 0)) throw new LostHelper();
      } else if (performance.now() >= deadline) {
        step++;
        break;
      }
    }
    if (times && step === count) times[count] = performance.now();
    if (failure !== undefined) throw LutraError.from(failure);
    return step;
  }
}

function view(buffer: ArrayBufferLike, { type, dims, offset }: TensorType & { readonly offset: number }): TensorValue {
  if (type === 'string') throw new LutraError('UNSUPPORTED', 'string tensors cannot be computed');
  return { type, dims, data: new (arrayType(type))(buffer as ArrayBuffer, offset, elementCount(dims)) };
}

function hostStep(buffer: ArrayBufferLike, step: HostStep): () => void {
  const { graphNode: node, opset } = step;
  const { evaluate } = findOperator(node.domain, node.op, opset)!;
  const all = step.inputs.map((input) => input && view(buffer, input));
  const inputs = all.slice(0, node.inputs.length);
  const outputs = step.outputs.map((output) => view(buffer, output));
  const residual = all[node.inputs.length];
  const places = outputs.map(({ data }) => {
    const { buffer: memory, byteOffset, byteLength } = data as Uint8Array;
    return new Uint8Array(memory, byteOffset, byteLength);
  });
  return () => {
    // The place held other values before; operators may count on zeros, as in freshly allocated tensors.
    for (const bytes of places) bytes.fill(0);
    evaluate({ node, opset, inputs }, outputs);
    if (node.epilogue) applyEpilogue(node.epilogue, outputs[0]!, residual);
  };
}
