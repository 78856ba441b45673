import { LutraError } from '../errors.js';
import type { Graph, TensorType } from '../graph/types.js';
import { KERNELS } from '../kernels/list.js';
import { bind } from './bind.js';
import type { Lowering } from './context.js';
import { lower } from './lower/index.js';
import { align, assignOffsets, type Lifetime } from './memory.js';
import type { Runtime } from './runtime.js';
import type { Address, InputTypes, KernelCall, PlacedTensor, Plan, Step, VirtualBuffer } from './types.js';

export interface PlanOptions {
  /** Threads that will run the plan. Each gets scratch of its own. */
  readonly threads: number;
}

/** Offset 0 means "no pointer" in parameter blocks, so nothing is placed there. */
const FIRST_OFFSET = 64;
const ALIGNMENT = 64;
/** Kernels may read (never use) a few vectors past the last buffer. */
const TRAILING_SLACK = 1024;
/** Wasm memories here have 32-bit addresses. */
const MAX_MEMORY = 2 ** 32 - 65536;

/**
 * Plans one graph for concrete input types. Pure.
 *
 * @param graph a model after `optimize`
 * @throws LutraError what {@link bind} throws; `OUT_OF_MEMORY` when the plan needs more than 4 GB.
 */
export function plan(graph: Graph, runtime: Runtime, inputTypes: InputTypes, options: PlanOptions): Plan {
  return place(lower(bind(graph, runtime, inputTypes), runtime.rules, options.threads)).plan;
}

/** Gives every buffer of a lowered graph its place. Pure. `places` has the byte offsets. */
export function place(lowering: Lowering): { plan: Plan; places: ReadonlyMap<VirtualBuffer, number> } {
  const { concrete, threads, steps } = lowering;
  const { graph } = concrete;
  const last = steps.length;

  /** First and last step that mentions each buffer; the caller writes inputs before step 0 and reads outputs after the last. */
  const mentions = new Map<VirtualBuffer, { first: number; last: number }>();
  const mention = ({ buffer }: Address, step: number): void => {
    const known = mentions.get(buffer);
    if (known) known.last = step;
    else mentions.set(buffer, { first: step, last: step });
  };
  const inputs = graph.inputs.filter(({ name }) => !concrete.constants.has(name)).map(({ name }) => name);
  for (const name of inputs) mention(lowering.dense(name), 0);
  steps.forEach((step, index) => {
    for (const address of addresses(step)) mention(address, index);
  });
  for (const name of concrete.outputs) mention(lowering.dense(name), last);

  const places = new Map<VirtualBuffer, number>();
  let end = FIRST_OFFSET;
  const usage = { constants: 0, persistent: 0, arena: 0, scratch: 0 };
  for (const [buffer] of mentions) {
    if (buffer.kind !== 'constant' && buffer.kind !== 'persistent') continue;
    places.set(buffer, end);
    end = align(end + buffer.bytes, ALIGNMENT);
    usage[buffer.kind === 'constant' ? 'constants' : 'persistent'] += buffer.bytes;
  }

  const kernelSteps = steps.filter((step) => step.kind === 'kernel');
  const parameterBytes = kernelSteps.reduce((sum, step) => sum + align(KERNELS[step.kernel].length * 4, 16), 0);
  const parametersAt = end;
  end = align(end + parameterBytes, ALIGNMENT);
  usage.constants += parameterBytes;

  for (const kind of ['arena', 'scratch'] as const) {
    const buffers = [...mentions].filter(([buffer]) => buffer.kind === kind);
    const lifetimes = buffers.map(([buffer, life]): Lifetime => ({ bytes: buffer.bytes, ...life }));
    const placement = assignOffsets(lifetimes, ALIGNMENT);
    buffers.forEach(([buffer], index) => {
      places.set(buffer, end + placement.offsets[index]!);
    });
    end += placement.bytes;
    usage[kind] = placement.bytes;
  }
  if (end + TRAILING_SLACK > MAX_MEMORY) {
    throw new LutraError('OUT_OF_MEMORY', 'the network does not fit into 32-bit memory', {
      expected: `at most ${MAX_MEMORY} bytes`,
      actual: `${end} bytes`,
      hint: 'Use smaller inputs',
    });
  }

  const offsetOf = ({ buffer, byteOffset }: Address): number => places.get(buffer)! + byteOffset;
  const parameters = new DataView(new ArrayBuffer(parameterBytes));
  let block = 0;
  const finalSteps = steps.map((step): Step => {
    const name = { node: step.node.name, op: step.node.op };
    if (step.kind === 'host') {
      const at = ({ type, dims, address }: TensorType & { address: Address }) => ({
        type,
        dims,
        offset: offsetOf(address),
      });
      return {
        kind: 'host',
        ...name,
        graphNode: step.node,
        opset: graph.opset[step.node.domain] ?? 1,
        inputs: step.inputs.map((input) => input && at(input)),
        outputs: step.outputs.map(at),
      };
    }
    const params = parametersAt + block;
    writeParameters(parameters, block, step, offsetOf);
    block += align(KERNELS[step.kernel].length * 4, 16);
    return { kind: 'kernel', ...name, kernel: step.kernel, params, tiles: step.tiles };
  });

  const buffers = [...mentions.keys()];
  const plan: Plan = {
    threads,
    memoryBytes: end + TRAILING_SLACK,
    constants: [
      ...buffers.flatMap((buffer) =>
        buffer.kind === 'constant' && buffer.data
          ? [{ label: buffer.label, offset: places.get(buffer)!, data: buffer.data }]
          : [],
      ),
      { label: 'parameter blocks', offset: parametersAt, data: new Uint8Array(parameters.buffer) },
    ],
    fills: buffers.flatMap((buffer) =>
      buffer.kind === 'persistent'
        ? [{ label: buffer.label, offset: places.get(buffer)!, bytes: buffer.bytes, value: buffer.fill ?? 0 }]
        : [],
    ),
    steps: finalSteps,
    inputs: inputs.map((name) => placed(lowering, name, offsetOf)),
    outputs: [...concrete.outputs].map((name) => placed(lowering, name, offsetOf)),
    usage,
  };
  return { plan, places };
}

function placed(lowering: Lowering, name: string, offsetOf: (address: Address) => number): PlacedTensor {
  const { type, dims } = lowering.type(name);
  return { name, type, dims, offset: offsetOf(lowering.dense(name)) };
}

function* addresses(step: Lowering['steps'][number]): Generator<Address> {
  if (step.kind === 'kernel') {
    for (const value of Object.values(step.params)) if (typeof value !== 'number') yield value;
    return;
  }
  for (const input of step.inputs) if (input) yield input.address;
  for (const output of step.outputs) yield output.address;
}

/** Writes one parameter block: 4 bytes per field, in the order of src/kernels/list.ts. */
function writeParameters(
  block: DataView,
  offset: number,
  step: KernelCall,
  offsetOf: (address: Address) => number,
): void {
  KERNELS[step.kernel].forEach((field, index) => {
    const [name, float] = field.split(':') as [string, string?];
    const value = step.params[name]!;
    const at = offset + index * 4;
    if (typeof value !== 'number') block.setUint32(at, offsetOf(value), true);
    else if (float) block.setFloat32(at, value, true);
    else block.setInt32(at, value, true);
  });
}
