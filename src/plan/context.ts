import { LutraError } from '../errors.js';
import { bytesPerElement, elementCount, formatType, toNumbers } from '../graph/tensor.js';
import type { Node, TensorType, TensorValue } from '../graph/types.js';
import type { KernelName } from '../kernels/list.js';
import { isAlias } from './aliases.js';
import { align, CACHE_LINE } from './memory.js';
import type {
  Address,
  ConcreteGraph,
  Demand,
  KernelCall,
  LowerContext,
  QuantizedPlanes,
  VirtualBuffer,
  VirtualStep,
} from './types.js';

/** Bytes that follow every set of planes and every dense value: kernels may read whole vectors across the end. */
const SLACK = 64;

/** What one walk over the graph collects. Used by {@link lower}. */
export class Lowering implements LowerContext {
  readonly steps: VirtualStep[] = [];
  readonly notes = new Map<string, unknown>();
  /** Values that some step reads from dense memory although the demand did not foresee it. */
  readonly unforeseen = new Set<string>();
  readonly #places = new Map<string, Address>();
  readonly #aliases = new Map<string, string>();
  readonly #demands = new Map<string, Demand>();
  readonly #quantized = new Set<VirtualBuffer>();
  readonly #inputs: ReadonlySet<string>;
  /** Values that the node being lowered produces: besides graph inputs the only ones whose storage may be allocated. */
  #produced: readonly string[] = [];

  constructor(
    readonly concrete: ConcreteGraph,
    readonly threads: number,
    /** Values that must be stored densely, whatever their readers seem to need. */
    private readonly forced: ReadonlySet<string>,
    /** Packed constants by key, kept from one walk to the next. */
    private readonly constants: Map<string, VirtualBuffer>,
  ) {
    this.#inputs = new Set(concrete.graph.inputs.map(({ name }) => name));
  }

  /** Starts a node with these outputs: they may be stored now, and no longer when the next node starts. */
  begin(outputs: readonly string[]): void {
    this.#produced = outputs;
  }

  type(value: string): TensorType {
    const type = this.concrete.types.get(value);
    if (!type) throw new LutraError('INTERNAL', `value "${value}" has no type`);
    return type;
  }

  constant(value: string): TensorValue | undefined {
    return this.concrete.constants.get(value);
  }

  demand(value: string): Demand {
    const known = this.#demands.get(value);
    if (known) return known;
    let dense = this.concrete.outputs.has(value) || this.forced.has(value);
    const renamed: QuantizedPlanes[] = [];
    const groups = new Map<string, { scale: number; zeroPoint: number; pads: [number, number, number, number] }>();
    for (const node of this.concrete.consumers.get(value) ?? []) {
      if (isAlias(this.concrete, node) && !node.inputs.includes(value, 1)) {
        const { dense: read, quantized } = this.demand(node.outputs[0]!);
        const same = quantized.filter(({ pads }) => pads.every((pad) => pad === 0));
        dense ||= read || same.length < quantized.length;
        renamed.push(...same.map((planes) => this.#renamePlanes(value, planes)));
        continue;
      }
      const wanted = this.#wantedPlanes(node, value);
      if (!wanted) {
        dense = true;
        continue;
      }
      const key = `${wanted.scale} ${wanted.zeroPoint}`;
      const group = groups.get(key);
      if (group) group.pads = group.pads.map((pad, side) => Math.max(pad, wanted.pads[side]!)) as typeof group.pads;
      else groups.set(key, wanted);
    }
    const demand = {
      dense,
      quantized: [...[...groups.values()].map((group) => this.#planes(value, group)), ...renamed],
    };
    this.#demands.set(value, demand);
    return demand;
  }

  dense(value: string): Address {
    const source = this.#aliases.get(value);
    if (source !== undefined) return this.dense(source);
    const known = this.#places.get(value);
    if (known) return known;
    const constant = this.concrete.constants.get(value);
    if (constant) {
      return this.packed(`dense ${value}`, `${value} ${formatType(constant)}`, () => {
        if (ArrayBuffer.isView(constant.data)) return constant.data;
        throw new LutraError('UNSUPPORTED', `string constant "${value}" cannot be used at run time`);
      });
    }
    if (!this.#inputs.has(value) && !this.#produced.includes(value)) this.unforeseen.add(value);
    const type = this.type(value);
    const address = this.temporary(
      `${value} ${formatType(type)}`,
      elementCount(type.dims) * bytesPerElement(type.type) + SLACK,
    );
    this.#places.set(value, address);
    return address;
  }

  alias(value: string, source: string): void {
    this.#aliases.set(value, source);
  }

  packed(key: string, label: string, build: () => ArrayBufferView): Address {
    let buffer = this.constants.get(key);
    if (!buffer) {
      const view = build();
      const data = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
      buffer = { kind: 'constant', label, bytes: data.length, data };
      this.constants.set(key, buffer);
    }
    return { buffer, byteOffset: 0 };
  }

  temporary(label: string, bytes: number): Address {
    return { buffer: { kind: 'arena', label, bytes }, byteOffset: 0 };
  }

  persistent(label: string, bytes: number, fill: number): Address {
    return { buffer: { kind: 'persistent', label, bytes, fill }, byteOffset: 0 };
  }

  scratch(bytes: number): Address {
    const stride = align(bytes, CACHE_LINE);
    return { buffer: { kind: 'scratch', label: 'scratch', bytes: stride * this.threads }, byteOffset: 0 };
  }

  emit(node: Node, kernel: KernelName, params: KernelCall['params'], tiles: number): void {
    this.steps.push({ kind: 'kernel', node, kernel, params, tiles });
  }

  markQuantized(planes: QuantizedPlanes): void {
    this.#quantized.add(planes.buffer);
  }

  isQuantized(planes: QuantizedPlanes): boolean {
    return this.#quantized.has(planes.buffer);
  }

  /** The node's own evaluate as one step, over dense values. */
  emitHost(node: Node): void {
    const place = (name: string) => (name === '' ? undefined : { ...this.type(name), address: this.dense(name) });
    const inputs = node.inputs.map(place);
    if (node.epilogue?.residual !== undefined) inputs.push(place(node.epilogue.residual));
    const outputs = node.outputs.map((name) => ({ ...this.type(name), address: this.dense(name) }));
    this.steps.push({ kind: 'host', node, inputs, outputs });
  }

  /** The planes that `node` reads `value` from, or undefined when it reads the dense tensor. */
  #wantedPlanes(node: Node, value: string) {
    const [x, scaleName, zeroName, ...others] = node.inputs;
    const { operators, graph } = this.concrete;
    if (x !== value || !operators.of(node, graph.opset)?.traits.readsPlanes) return undefined;
    if (scaleName === value || zeroName === value || others.includes(value)) return undefined;
    const scale = this.constant(scaleName ?? '');
    const zeroPoint = this.constant(zeroName ?? '');
    if (!scale || !zeroPoint || this.type(value).dims.length !== 4) return undefined;
    const [top = 0, left = 0, bottom = 0, right = 0] = (node.attributes.pads as readonly number[] | undefined) ?? [];
    return {
      scale: toNumbers(scale)[0]!,
      zeroPoint: toNumbers(zeroPoint)[0]!,
      pads: [top, left, bottom, right] as [number, number, number, number],
    };
  }

  /** Planes without borders are the dense bytes in order, so they serve the same bytes of another shape, too. */
  #renamePlanes(value: string, planes: QuantizedPlanes): QuantizedPlanes {
    const { dims } = this.type(value);
    if (dims.length !== 4) return planes;
    const [, , height = 1, width = 1] = dims;
    return { ...planes, dims: dims as unknown as QuantizedPlanes['dims'], pitch: width, plane: height * width };
  }

  #planes(value: string, group: Pick<QuantizedPlanes, 'scale' | 'zeroPoint' | 'pads'>): QuantizedPlanes {
    const dims = this.type(value).dims as QuantizedPlanes['dims'];
    const [top, left, bottom, right] = group.pads;
    const pitch = left + dims[3] + right;
    const plane = pitch * (top + dims[2] + bottom);
    const bytes = dims[0] * dims[1] * plane + SLACK;
    const label = `${value}.planes [${dims[0]}][${dims[1]}][${top + dims[2] + bottom}][${pitch}] u8`;
    const { buffer } = group.pads.some((pad) => pad > 0)
      ? this.persistent(label, bytes, group.zeroPoint)
      : this.temporary(label, bytes);
    return { ...group, buffer, dims, pitch, plane };
  }
}
