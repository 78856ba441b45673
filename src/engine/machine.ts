import { LutraError } from '../errors.js';
import { arrayType, elementCount } from '../graph/tensor.js';
import type { TensorType, TensorValue } from '../graph/types.js';
import type { OperatorSet } from '../ops/operator-set.js';
import type { Plan, Step } from '../plan/types.js';
import { CONTROL, firstTicket, partCount, partOf, publish, stepOf, waitWhile } from './control.js';
import { applyEpilogue } from './epilogue.js';

/** Thread 0 waited for a helper that never finished its part. */
export class LostHelper extends LutraError {
  constructor() {
    super('INTERNAL', 'a helper thread died during the run', {
      hint: 'Run again: the session goes on with one thread',
    });
  }
}

type Kernel = (params: number, begin: number, end: number, thread: number) => void;
type KernelStep = Extract<Step, { kind: 'kernel' }>;
type HostStep = Extract<Step, { kind: 'host' }>;
/** A step as one thread sees it. */
export type MachineStep =
  | Pick<KernelStep, 'kind' | 'kernel' | 'params' | 'tiles'>
  | HostStep
  /** A host step, for helpers. */
  | { readonly kind: 'elsewhere' };

/** A plan as one thread runs it: the kernels are bound to the memory. */
export class Machine {
  readonly #kernels: readonly (Kernel | undefined)[];
  readonly #hosts: readonly ((() => void) | undefined)[];
  readonly #params: Int32Array;
  readonly #tiles: Int32Array;
  /** Number of parts of each step. Thread 0 runs a step of one part alone, without the helpers. */
  readonly #parts: Int32Array;
  #failure: unknown;

  /**
   * @param thread Number of this thread; thread 0 runs the host steps.
   * @param threads Threads that may walk together.
   * @param operators What host steps run; given to thread 0.
   */
  constructor(
    module: WebAssembly.Module,
    private readonly memory: WebAssembly.Memory,
    steps: readonly MachineStep[],
    private readonly control: Int32Array,
    private readonly thread: number,
    threads: number,
    operators?: OperatorSet,
  ) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.#kernels = steps.map((step) => {
      if (step.kind !== 'kernel') return undefined;
      const kernel = exports[step.kernel];
      if (typeof kernel !== 'function') throw new LutraError('INTERNAL', `the Wasm build has no kernel ${step.kernel}`);
      return kernel as Kernel;
    });
    this.#hosts = steps.map((step) =>
      step.kind === 'host' && operators ? hostStep(memory.buffer, step, operators) : undefined,
    );
    this.#params = Int32Array.from(steps, (step) => (step.kind === 'kernel' ? step.params : 0));
    this.#tiles = Int32Array.from(steps, (step) => (step.kind === 'kernel' ? step.tiles : 0));
    this.#parts = this.#tiles.map((tiles) => partCount(tiles, threads));
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
   * Runs the steps from number `from` on. When the run is stopped, the remaining steps are skipped.
   *
   * @param shared Whether helpers take part. A helper that sleeps is not waited for.
   * @param deadline Time of `performance.now` after which no further step begins.
   * @param times Receives the time at the start of every step and at the end, in milliseconds.
   * @returns the number of the first step that did not run: the number of all steps, unless the deadline passed
   * @throws LutraError with what a step threw; {@link LostHelper}
   */
  walk(from: number, shared: boolean, deadline: number, times?: Float64Array): number {
    const { control } = this;
    const run = Atomics.load(control, CONTROL.run);
    const count = this.#tiles.length;
    this.#failure = undefined;
    let step = from;
    while (step < count) {
      if (times) times[step] = performance.now();
      if (Atomics.load(control, CONTROL.stop) !== run) {
        if (shared && this.#parts[step]! > 1) this.#lead(step);
        else this.#attempt(step, 0, this.#tiles[step]!);
      }
      step++;
      if (performance.now() >= deadline) break;
    }
    if (times && step === count) times[count] = performance.now();
    if (this.#failure !== undefined) throw LutraError.from(this.#failure);
    return step;
  }

  /** Runs a step together with the helpers that are awake. */
  #lead(step: number): void {
    const { control } = this;
    Atomics.store(control, CONTROL.done, 0);
    publish(control, firstTicket(step));
    while (this.takePart(Atomics.load(control, CONTROL.ticket)));
    for (let done: number; (done = Atomics.load(control, CONTROL.done)) < this.#parts[step]!; ) {
      if (!waitWhile(control, CONTROL.done, done, true)) throw new LostHelper();
    }
  }

  /**
   * Runs the part that a ticket names, unless another thread took it meanwhile.
   *
   * @returns false when the step of the ticket has no part left
   */
  takePart(ticket: number): boolean {
    const { control } = this;
    const step = stepOf(ticket);
    const part = partOf(ticket);
    const parts = this.#parts[step]!;
    if (part >= parts) return false;
    // An addition would be wrong: the ticket may belong to the next plan by now.
    if (Atomics.compareExchange(control, CONTROL.ticket, ticket, ticket + 1) === ticket) {
      const tiles = this.#tiles[step]!;
      this.#attempt(step, Math.floor((tiles * part) / parts), Math.floor((tiles * (part + 1)) / parts));
      if (Atomics.add(control, CONTROL.done, 1) + 1 === parts) Atomics.notify(control, CONTROL.done);
    }
    return true;
  }

  #attempt(step: number, begin: number, end: number): void {
    try {
      const kernel = this.#kernels[step];
      if (kernel) kernel(this.#params[step]!, begin, end, this.thread);
      else this.#hosts[step]?.();
    } catch (thrown) {
      this.#failure ??= thrown;
      const run = Atomics.load(this.control, CONTROL.run);
      Atomics.store(this.control, CONTROL.failed, run);
      Atomics.store(this.control, CONTROL.stop, run);
    }
  }
}

function view(buffer: ArrayBufferLike, { type, dims, offset }: TensorType & { readonly offset: number }): TensorValue {
  if (type === 'string') throw new LutraError('UNSUPPORTED', 'string tensors cannot be computed');
  return { type, dims, data: new (arrayType(type))(buffer as ArrayBuffer, offset, elementCount(dims)) };
}

/** Binds an operator of TypeScript to its places in the memory. */
export function hostStep(buffer: ArrayBufferLike, step: HostStep, operators: OperatorSet): () => void {
  const { graphNode: node, opset } = step;
  const { evaluate } = operators.find(node.domain, node.op, opset)!;
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
    if (node.epilogue) applyEpilogue(node.epilogue, outputs[0]!, residual, operators);
  };
}
