/**
 * The plan: what the engine runs. Planning is pure (no Wasm, no workers, no clock) and has four stages:
 *
 *   graph + concrete input shapes ──resolve──▶ ConcreteGraph  (every shape known, constants folded)
 *                                 ──fuse─────▶ ConcreteGraph  (passes that need these shapes, epilogues fused)
 *                                 ──lower────▶ LoweredGraph   (steps over virtual buffers)
 *                                 ──assign───▶ Plan           (steps over byte offsets of one linear memory)
 */
import type { Graph, Node, TensorType, TensorValue } from '../graph/types.js';
import type { FieldValues, KERNELS, KernelName } from '../kernels/list.js';
import type { OperatorSet } from '../ops/operator-set.js';

/** What a plan is made for: the type of every input, or its value where the plan depends on that. */
export type InputTypes = Readonly<Record<string, TensorType | TensorValue>>;

/** A graph whose every value has a concrete type, and whose constant values are known. */
export interface ConcreteGraph {
  readonly graph: Graph;
  readonly operators: OperatorSet;
  /** Nodes left to run, in order: those not folded away. */
  readonly nodes: readonly Node[];
  readonly types: ReadonlyMap<string, TensorType>;
  readonly constants: ReadonlyMap<string, TensorValue>;
  /** Value name → nodes that read it, once per read (residuals included). Graph outputs count as one extra reader: see `outputs`. */
  readonly consumers: ReadonlyMap<string, readonly Node[]>;
  readonly outputs: ReadonlySet<string>;
}

/**
 * A virtual buffer. `constant` is written once at load from `data`. `persistent` is filled once at load with `fill`, and no other
 * buffer overlaps it: the borders of padded planes stay between runs. `arena` may overlap buffers of other steps. `scratch` exists
 * once per thread during one step.
 */
export interface VirtualBuffer {
  readonly kind: 'constant' | 'persistent' | 'arena' | 'scratch';
  /** What it holds, with its shape: `conv1.table [tiles][codebooks][4][16] u8`. For messages and the inspector. */
  readonly label: string;
  readonly bytes: number;
  readonly data?: Uint8Array;
  readonly fill?: number;
}

/** A place inside a virtual buffer. */
export interface Address {
  readonly buffer: VirtualBuffer;
  readonly byteOffset: number;
}

/** One value per field of a kernel's parameter block (src/kernels/list.ts). Without an optional pointer it is 0. */
export type KernelParams<Name extends KernelName> = FieldValues<(typeof KERNELS)[Name], Address>;

/** A call of one Wasm kernel over `tiles` independent tiles; threads take contiguous ranges of tiles. */
export interface KernelCall {
  readonly kind: 'kernel';
  readonly node: Node;
  readonly kernel: KernelName;
  readonly params: Readonly<Record<string, number | Address>>;
  readonly tiles: number;
}

/** An operator's own `evaluate`, run by the first thread over views of the memory. */
export interface HostCall {
  readonly kind: 'host';
  readonly node: Node;
  readonly inputs: readonly ((TensorType & { readonly address: Address }) | undefined)[];
  readonly outputs: readonly (TensorType & { readonly address: Address })[];
}

export type VirtualStep = KernelCall | HostCall;

/** uint8 activations in padded planes: what Encode reads. Byte (n,c,y,x) is at `((n·C + c)·plane) + (y+top)·pitch + x+left`. Border bytes hold `zeroPoint`. */
export interface QuantizedPlanes {
  readonly buffer: VirtualBuffer;
  readonly scale: number;
  readonly zeroPoint: number;
  /** N, C, H, W of the unpadded activation. */
  readonly dims: readonly [number, number, number, number];
  readonly pads: readonly [top: number, left: number, bottom: number, right: number];
  readonly pitch: number;
  readonly plane: number;
}

/** What readers need of a value, gathered before lowering so that its producer can store exactly that. */
export interface Demand {
  /** Some reader (or the caller) needs the dense row-major tensor. */
  readonly dense: boolean;
  /** Quantized planes wanted by Encode readers; pads are the maximum over them. One entry per distinct (scale, zero point). */
  readonly quantized: readonly QuantizedPlanes[];
}

/** What a lowering rule may use. Rules are pure: the same node and context give the same steps. */
export interface LowerContext {
  readonly concrete: ConcreteGraph;
  readonly threads: number;
  type(value: string): TensorType;
  /** The constant value, or undefined when it is computed at run time. */
  constant(value: string): TensorValue | undefined;
  demand(value: string): Demand;
  /** Dense row-major storage of a value: allocates it for a producer, finds it for a reader. Constants are interned on first use. */
  dense(value: string): Address;
  /** Makes `value` another name for the memory of `source` (Reshape and friends). */
  alias(value: string, source: string): void;
  /** Interns a packed constant (tables, weights). Built once: `key` names what was packed from what. */
  packed(key: string, label: string, build: () => ArrayBufferView): Address;
  /** A buffer that lives for the steps that mention it. */
  temporary(label: string, bytes: number): Address;
  /** A buffer that is filled once at load and that no other buffer overlaps. */
  persistent(label: string, bytes: number, fill: number): Address;
  /** Per-thread scratch; the kernel adds `thread · stride`. `stride` equals `bytes` rounded up to 64. */
  scratch(bytes: number): Address;
  /** Adds a step that calls a kernel. It does not compile unless `params` are exactly the fields of the kernel. */
  emit<Name extends KernelName, Params extends KernelParams<Name>>(
    node: Node,
    kernel: Name,
    params: Params & Readonly<Record<Exclude<keyof Params, keyof KernelParams<Name>>, never>>,
    tiles: number,
  ): void;
  /** Records that the producer already wrote these planes, or asks whether it did. */
  markQuantized(planes: QuantizedPlanes): void;
  isQuantized(planes: QuantizedPlanes): boolean;
  /** Storage shared between an Encode and its LookUps, owned by the lowering rules of src/lut. */
  readonly notes: Map<string, unknown>;
}

/** Emits steps for a node and returns true, or returns false to leave the node to the operator's `evaluate`. */
export type LoweringRule = (context: LowerContext, node: Node) => boolean;

/** One step over byte offsets. `kernel` steps read their parameter block at `params`. */
export type Step =
  | {
      readonly kind: 'kernel';
      readonly node: string;
      readonly op: string;
      readonly kernel: KernelName;
      readonly params: number;
      readonly tiles: number;
    }
  | {
      readonly kind: 'host';
      readonly node: string;
      readonly op: string;
      readonly graphNode: Node;
      readonly opset: number;
      readonly inputs: readonly ((TensorType & { readonly offset: number }) | undefined)[];
      readonly outputs: readonly (TensorType & { readonly offset: number })[];
    };

export interface PlacedTensor extends TensorType {
  readonly name: string;
  readonly offset: number;
}

/** Everything the executor needs; offsets are bytes from the start of the Wasm memory. Structured-cloneable. */
export interface Plan {
  readonly threads: number;
  readonly memoryBytes: number;
  /** Written once at load. */
  readonly constants: readonly { readonly label: string; readonly offset: number; readonly data: Uint8Array }[];
  readonly fills: readonly {
    readonly label: string;
    readonly offset: number;
    readonly bytes: number;
    readonly value: number;
  }[];
  readonly steps: readonly Step[];
  readonly inputs: readonly PlacedTensor[];
  readonly outputs: readonly PlacedTensor[];
  /** Bytes by purpose, for `memory()` and `inspect`. */
  readonly usage: {
    readonly constants: number;
    readonly persistent: number;
    readonly arena: number;
    readonly scratch: number;
  };
}
