import { LutraError } from '../errors.js';

/** Zero crossings of the sinc on each side. */
const CROSSINGS = 24;
/** Kaiser window: about 80 dB of stop band (A. Oppenheim, R. Schafer, Discrete-Time Signal Processing, eq. 7.75). */
const BETA = 7.857;
/** Cut-off as a share of the lower Nyquist frequency, so that the transition band ends close to it. */
const ROLLOFF = 0.92;
/** Positions between two input samples in the table. Others are interpolated linearly (error below −100 dB). */
const MAX_PHASES = 1024;

const MIN_RATE = 1000;
const MAX_RATE = 768_000;

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  let sum = 1;
  for (let k = 1, term = 1; term > 1e-12 * sum; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Band-limited resampling of endless sound that arrives in pieces: windowed sinc in polyphase form (J. O. Smith, Digital
 * Audio Resampling, CCRMA). Output k lies at input position k · from / to. There is silence before and after the signal.
 * The samples are the same for pieces of any length, bit for bit.
 */
export class Resampler {
  /** from / to in lowest terms */
  private readonly numerator: number;
  private readonly denominator: number;
  private readonly phases: number;
  /** Input samples that one output reads. Output at position p reads the `taps` samples from floor(p) − half + 1 on. */
  private readonly taps: number;
  private readonly half: number;
  /** [phases + 1, taps] */
  private readonly table: Float64Array;
  /** Input that later outputs still read. [capacity], the first `filled` valid */
  private buffer: Float32Array;
  private filled: number;
  /** Index into `buffer` of floor(position of the next output), and the rest in units of 1 / denominator. */
  private position: number;
  private remainder = 0;
  private received = 0;
  private produced = 0;

  /**
   * @param from rate of the input in Hz, an integer 1,000..768,000
   * @param to rate of the output in Hz, likewise
   * @throws {LutraError} `INVALID_ARGUMENT` for any other rate.
   */
  constructor(
    readonly from: number,
    readonly to: number,
  ) {
    for (const rate of [from, to]) {
      if (!(Number.isInteger(rate) && rate >= MIN_RATE && rate <= MAX_RATE)) {
        throw new LutraError('INVALID_ARGUMENT', 'sample rate is out of range', {
          expected: `an integer ${MIN_RATE}..${MAX_RATE} Hz`,
          actual: `${rate}`,
        });
      }
    }
    const divisor = greatestCommonDivisor(from, to);
    this.numerator = from / divisor;
    this.denominator = to / divisor;
    this.phases = Math.min(this.denominator, MAX_PHASES);
    const cutoff = ROLLOFF * Math.min(1, to / from);
    this.half = Math.ceil(CROSSINGS / cutoff);
    this.taps = 2 * this.half;
    this.table = this.makeTable(cutoff);
    this.buffer = new Float32Array(4 * this.taps);
    this.filled = this.half - 1;
    this.position = this.half - 1;
  }

  private makeTable(cutoff: number): Float64Array {
    const { phases, taps, half } = this;
    const width = CROSSINGS / cutoff;
    const table = new Float64Array((phases + 1) * taps);
    for (let phase = 0; phase <= phases; phase++) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) {
        const distance = tap - half + 1 - phase / phases;
        const x = Math.PI * cutoff * distance;
        const inside = 1 - (distance / width) ** 2;
        const kaiser = inside > 0 ? bessel0(BETA * Math.sqrt(inside)) : 0;
        table[phase * taps + tap] = (x === 0 ? 1 : Math.sin(x) / x) * kaiser;
        sum += table[phase * taps + tap]!;
      }
      // Every phase passes a constant unchanged.
      for (let tap = 0; tap < taps; tap++) table[phase * taps + tap]! /= sum;
    }
    return table;
  }

  private weigh(row: number, start: number): number {
    const { taps, table, buffer } = this;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) sum += table[row * taps + tap]! * buffer[start + tap]!;
    return sum;
  }

  private append(samples: Float32Array): void {
    if (this.filled + samples.length > this.buffer.length) {
      const used = Math.min(this.filled, Math.max(0, this.position - this.half + 1));
      const kept = this.filled - used;
      const needed = kept + samples.length;
      const target = needed > this.buffer.length ? new Float32Array(2 * needed) : this.buffer;
      target.set(this.buffer.subarray(used, this.filled));
      this.buffer = target;
      this.filled = kept;
      this.position -= used;
    }
    this.buffer.set(samples, this.filled);
    this.filled += samples.length;
  }

  /** Samples of the output whose input has all arrived. [any length, 0 too] */
  private drain(limit: number): Float32Array {
    const { numerator, denominator, phases, half } = this;
    const ready = Math.max(0, this.filled - half - this.position);
    const out = new Float32Array(Math.min(limit, Math.ceil((ready * denominator) / numerator) + 1));
    let count = 0;
    while (count < out.length && this.position + half < this.filled) {
      const exact = (this.remainder * phases) / denominator;
      const row = Math.floor(exact);
      const share = exact - row;
      const start = this.position - half + 1;
      const below = this.weigh(row, start);
      out[count++] = share === 0 ? below : below + share * (this.weigh(row + 1, start) - below);
      this.remainder += numerator;
      const whole = Math.floor(this.remainder / denominator);
      this.position += whole;
      this.remainder -= whole * denominator;
    }
    this.produced += count;
    return out.subarray(0, count);
  }

  /**
   * @param samples at the input rate, not kept
   * @returns the new samples at the output rate. They lag about 24 samples behind, counted at the lower of the two rates
   */
  push(samples: Float32Array): Float32Array {
    this.received += samples.length;
    if (this.from === this.to) return samples.slice();
    this.append(samples);
    return this.drain(Number.POSITIVE_INFINITY);
  }

  /** The rest of the output: ceil(received · to / from) samples in all. The resampler must not be used after that. */
  flush(): Float32Array {
    if (this.from === this.to) return new Float32Array(0);
    const total = Math.ceil((this.received * this.denominator) / this.numerator);
    this.append(new Float32Array(this.taps));
    return this.drain(total - this.produced);
  }
}

/**
 * Resamples a whole signal as {@link Resampler} does.
 * @param signal [n] samples at `from` Hz
 * @returns [ceil(n · to / from)] samples at `to` Hz
 * @throws {LutraError} `INVALID_ARGUMENT` for rates outside 1,000..768,000 Hz.
 */
export function resample(signal: Float32Array, from: number, to: number): Float32Array {
  const resampler = new Resampler(from, to);
  const head = resampler.push(signal);
  const tail = resampler.flush();
  const whole = new Float32Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
