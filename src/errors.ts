/** Stable, machine-readable reasons for a failure. */
export type LutraErrorCode =
  /** The bytes are not an ONNX model, or the model breaks its own rules (cycle, duplicate name, bad index). */
  | 'INVALID_MODEL'
  /** The model is well formed but uses an operator, type or feature that Lutra does not run. */
  | 'UNSUPPORTED'
  /** A feed, fetch or option handed to the API is wrong (name, dtype, shape, value). */
  | 'INVALID_ARGUMENT'
  /** Calibration or evaluation data could not be read or does not fit the model. */
  | 'INVALID_DATA'
  /** Fetching bytes failed: network, HTTP status, HTML instead of a model, integrity mismatch. */
  | 'LOAD_FAILED'
  /** This platform lacks something required (WebAssembly SIMD). */
  | 'PLATFORM'
  /** Memory could not be reserved. */
  | 'OUT_OF_MEMORY'
  /** A training step gave a loss or gradient that is NaN or infinite. */
  | 'DIVERGED'
  /** The session was released, or an AbortSignal fired. */
  | 'ABORTED'
  | 'RELEASED'
  /** A bug in Lutra; please report it. */
  | 'INTERNAL';

/** Everything a reader needs to act on a failure. All parts but `code` and `message` are optional. */
export interface LutraErrorDetails {
  /** Name and operator of the graph node concerned, e.g. `"conv1 (Conv)"`. */
  readonly node?: string;
  readonly expected?: string;
  readonly actual?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The only error type that Lutra's public functions throw or reject with. Survives structured clone through {@link LutraError.from}. */
export class LutraError extends Error {
  override readonly name = 'LutraError';
  readonly code: LutraErrorCode;
  readonly node: string | undefined;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly hint: string | undefined;

  constructor(code: LutraErrorCode, message: string, details: LutraErrorDetails = {}) {
    const { node, expected, actual, hint, cause } = details;
    let text = node ? `${node}: ${message}` : message;
    if (expected !== undefined) text += ` (expected ${expected}, got ${actual ?? 'nothing'})`;
    if (hint) text += `. ${hint}`;
    super(text, cause === undefined ? undefined : { cause });
    this.code = code;
    this.node = node;
    this.expected = expected;
    this.actual = actual;
    this.hint = hint;
  }

  /** Wraps anything thrown into a LutraError; a LutraError (or its structured clone) keeps its parts. */
  static from(thrown: unknown, otherwise: LutraErrorCode = 'INTERNAL'): LutraError {
    if (thrown instanceof LutraError) return thrown;
    const error = thrown as Partial<LutraError> | undefined;
    if (error?.name === 'LutraError' && error.code) {
      const { code, message, node, expected, actual, hint } = error;
      return Object.assign(new LutraError(code, ''), { message, node, expected, actual, hint });
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new LutraError(otherwise, message, { cause: thrown });
  }
}
