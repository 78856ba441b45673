import build from '../../../convert/gen/kernels.js';
import { inflateModule } from '../../../engine/wasm.js';
import { LutraError } from '../../../errors.js';

/** Functions of assembly/convert; pointers are byte offsets into the memory. */
interface Exports {
  addRows(
    rows: number,
    slots: number,
    table: number,
    outputs: number,
    values: number,
    sign: number,
    samples: number,
  ): void;
  scatterRows(rows: number, slots: number, values: number, outputs: number, sums: number, samples: number): void;
  countPairs(codes: number, samples: number, e: number, K: number, counts: number, size: number, scratch: number): void;
  backfitSlot(
    codes: number,
    samples: number,
    K: number,
    table: number,
    outputs: number,
    residual: number,
    ridge: number,
    scratch: number,
  ): void;
  factorPanel(a: number, size: number, start: number, end: number, floor: number): void;
  mirrorLower(a: number, size: number): void;
  solveLowerPanel(factor: number, size: number, b: number, columns: number, start: number, end: number): void;
  solveUpperPanel(factor: number, size: number, b: number, columns: number, start: number, end: number): void;
}

const PAGE = 1 << 16;
const MAXIMUM_PAGES = 1 << 16;
const ALIGNMENT = 16;

let compiled: Promise<WebAssembly.Module> | undefined;

/** The kernels of conversion with a memory of their own, handed out as a stack. */
export class FitKernels {
  #top = ALIGNMENT;

  private constructor(
    private readonly memory: WebAssembly.Memory,
    readonly run: Exports,
  ) {}

  /** @throws LutraError `PLATFORM` when the kernels do not compile here */
  static async create(): Promise<FitKernels> {
    compiled ??= inflateModule(build).then((bytes) => WebAssembly.compile(bytes));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES });
    try {
      const { exports } = await WebAssembly.instantiate(await compiled, { env: { memory } });
      return new FitKernels(memory, exports as unknown as Exports);
    } catch (cause) {
      throw new LutraError('PLATFORM', 'the Wasm kernels of conversion could not be compiled', {
        hint: "WebAssembly SIMD is needed, and a Content Security Policy must allow 'wasm-unsafe-eval'",
        cause,
      });
    }
  }

  /**
   * Reserves bytes on top of the stack; their content is left from earlier use.
   * @throws LutraError `OUT_OF_MEMORY`
   */
  reserve(bytes: number): number {
    const at = this.#top;
    const top = at + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const missing = Math.ceil((top - this.memory.buffer.byteLength) / PAGE);
    if (missing > 0) {
      try {
        this.memory.grow(missing);
      } catch (cause) {
        throw new LutraError('OUT_OF_MEMORY', 'the tables of a layer could not be fitted', {
          expected: `${Math.ceil(top / 1e6)} MB of memory`,
          hint: 'Fewer --samples, fewer centroids or a coarser geometry need less',
          cause,
        });
      }
    }
    this.#top = top;
    return at;
  }

  /** Bytes of the memory; it never shrinks. */
  get bytesHeld(): number {
    return this.memory.buffer.byteLength;
  }

  /** Height of the stack, for {@link release}. */
  mark(): number {
    return this.#top;
  }

  /** Gives back all that was reserved since the mark. */
  release(mark: number): void {
    this.#top = mark;
  }

  /** A view, valid until the next {@link reserve}. */
  floats(at: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, length);
  }

  /** A view, valid until the next {@link reserve}. */
  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, length);
  }

  /** A view, valid until the next {@link reserve}. */
  words(at: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, at, length);
  }
}
