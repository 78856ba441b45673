/** Which Wasm build runs. `auto` picks `relaxed` where relaxed SIMD validates, else `simd`. */
export type WasmVariant = 'auto' | 'simd' | 'relaxed';

/** Time of one plan step in the last profiled run. */
export interface StepProfile {
  readonly node: string;
  readonly op: string;
  /** Kernel name, or `host` for an operator run in TypeScript. */
  readonly kernel: string;
  readonly milliseconds: number;
}

export interface MemoryUse {
  /** Size of the Wasm memory. */
  readonly total: number;
  readonly constants: number;
  readonly persistent: number;
  readonly arena: number;
  readonly scratch: number;
}
