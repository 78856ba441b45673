/** Units of the chain below in one turn of its loop. */
const UNROLLED = 64;
/** An exclusive or and an addition. Each waits for the one before and takes one cycle. */
const CYCLES_PER_UNIT = 2;
/** A tenth of a millisecond: on a busy machine, too, some attempts this short are not interrupted. */
const TURNS = 2_000;
const WARM_UP = 500;

function leb128(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb128(value >> 7)];
}

/** (func (export "f") (param $n i32) (param $y i32) (result i32) (local $x i32) (loop …64 times (set $x (add (xor $x $y) $y)))) */
function chain(): Uint8Array<ArrayBuffer> {
  const unit = [0x20, 2, 0x20, 1, 0x73, 0x20, 1, 0x6a, 0x21, 2];
  const units = Array.from({ length: UNROLLED }, () => unit).flat();
  const countDown = [0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0];
  const body = [1, 1, 0x7f, 0x03, 0x40, ...units, ...countDown, 0x0b, 0x20, 2, 0x0b];
  const code = [1, ...leb128(body.length), ...body];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f],
    ...[3, 2, 1, 0],
    ...[7, 5, 1, 1, 0x66, 0, 0],
    ...[10, ...leb128(code.length), ...code],
  ]);
}

const module = new WebAssembly.Module(chain());

/**
 * Measures the clock of this processor with a chain of dependent instructions. Processors change their clock with load and heat, so
 * attempts should be spread over the measurement that they belong to.
 */
export class ClockMeter {
  readonly #run = new WebAssembly.Instance(module).exports.f as (turns: number, y: number) => number;
  #least = Number.POSITIVE_INFINITY;

  constructor() {
    // Until the engine has compiled the chain with optimization.
    for (let i = 0; i < WARM_UP; i++) this.attempt();
    this.#least = Number.POSITIVE_INFINITY;
  }

  /** Takes a tenth of a millisecond. */
  attempt(): void {
    const start = performance.now();
    this.#run(TURNS, 1);
    this.#least = Math.min(this.#least, performance.now() - start);
  }

  /** Cycles per nanosecond in the fastest attempt. */
  get gigahertz(): number {
    return (TURNS * UNROLLED * CYCLES_PER_UNIT) / (this.#least * 1e6);
  }
}
