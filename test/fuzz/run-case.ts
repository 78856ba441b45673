import fc from 'fast-check';
import { Executor } from '../../src/engine/executor.js';
import { LutraError, type LutraErrorCode } from '../../src/errors.js';
import { optimize } from '../../src/graph/passes/optimize.js';
import { allocate, elementCount, formatType } from '../../src/graph/tensor.js';
import type { Graph, TensorType, TensorValue } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import { plan } from '../../src/plan/plan.js';
import { mutate, mutations } from '../mutate-bytes.js';
import { generator } from '../random-graph.js';
import type { Seed } from './corpus.js';
import { type Dice, mutateGraph } from './mutate-graph.js';

/** What a damaged model may be refused with. `INTERNAL` is a bug. */
const EXPECTED: readonly LutraErrorCode[] = ['INVALID_MODEL', 'UNSUPPORTED', 'INVALID_ARGUMENT', 'OUT_OF_MEMORY'];
/** A plan of more memory than this is not run: it would be right, but slow. */
const MOST_BYTES = 16 * 2 ** 20;
/** Arithmetic of one run is bounded by bytes squared; a network whose largest tensors exceed this is only planned. */
const MOST_ELEMENTS = 200_000;

export interface FuzzCase {
  readonly model: string;
  /** What was done to it. */
  readonly damage: string;
  readonly bytes: Uint8Array;
}

export interface Outcome {
  /** `refused` with a typed error, `planned` but too large to run here, `ran`, or `failed`: a bug. */
  readonly kind: 'refused' | 'planned' | 'ran' | 'failed';
  readonly detail: string;
}

/** The bytes of a case: the same for the same corpus, seed and number. */
export function makeCase(seeds: readonly Seed[], seed: number, index: number): FuzzCase {
  const random = generator(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const dice: Dice = {
    int: (low, high) => low + Math.floor(random() * (high - low + 1)),
    pick: (items) => items[Math.floor(random() * items.length)]!,
  };
  const model = draw(seeds, random());
  if (random() < 0.6) {
    const { what, graph } = mutateGraph(parseModel(model.bytes), dice);
    try {
      return { model: model.name, damage: what.join('; '), bytes: serializeModel(graph) };
    } catch {
      // Some edits cannot be written down; the bytes are damaged instead.
    }
  }
  const [mutation] = fc.sample(mutations, { seed: dice.int(0, 2 ** 31 - 1), numRuns: 1 });
  return { model: model.name, damage: describeMutation(mutation!), bytes: mutate(model.bytes, mutation!) };
}

function describeMutation(mutation: object): string {
  return JSON.stringify(mutation, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
}

function draw(seeds: readonly Seed[], uniform: number): Seed {
  const total = seeds.reduce((sum, { weight }) => sum + weight, 0);
  let left = uniform * total;
  for (const seed of seeds) {
    left -= seed.weight;
    if (left < 0) return seed;
  }
  return seeds.at(-1)!;
}

/** Symbolic dimensions are 2. */
function inputTypes(graph: Graph): Record<string, TensorType> {
  return Object.fromEntries(
    graph.inputs.map(({ name, type, dims }) => [
      name,
      { type, dims: (dims ?? [2]).map((dim) => (typeof dim === 'number' ? dim : 2)) },
    ]),
  );
}

/** Noise with NaN and infinities here and there. */
function feed(type: TensorType, random: () => number): TensorValue {
  const value = allocate(type.type, type.dims);
  for (let i = 0; i < value.data.length && type.type !== 'string'; i++) {
    const number =
      random() < 0.01 ? [Number.NaN, Infinity, -Infinity, 1e38][Math.floor(random() * 4)]! : random() * 4 - 2;
    if (type.type.endsWith('int64')) (value.data as BigInt64Array)[i] = BigInt(Math.floor(random() * 8) - 2);
    else (value.data as Float32Array)[i] = type.type === 'bool' ? Number(random() < 0.5) : number;
  }
  return value;
}

/** Loads the bytes and, where that is quick, runs them. Never throws. */
export async function runCase(bytes: Uint8Array): Promise<Outcome> {
  try {
    const model = parseModel(bytes);
    const graph = optimize(model, COMPLETE_RUNTIME);
    const types = inputTypes(graph);
    const { memoryBytes, steps } = plan(graph, COMPLETE_RUNTIME, types, { threads: 1 });
    const largest = Math.max(
      0,
      ...steps.flatMap((step) =>
        step.kind === 'host'
          ? [...step.inputs, ...step.outputs].map((part) => (part ? elementCount(part.dims) : 0))
          : [],
      ),
    );
    if (memoryBytes > MOST_BYTES || largest > MOST_ELEMENTS) return { kind: 'planned', detail: `${memoryBytes} bytes` };
    const executor = await Executor.create(model, COMPLETE_RUNTIME);
    try {
      const random = generator(bytes.length);
      const feeds = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, feed(type, random)]));
      const results = executor.run(feeds);
      for (const { name } of graph.outputs) {
        const value = results[name];
        if (!value || value.data.length !== elementCount(value.dims)) {
          return { kind: 'failed', detail: `output "${name}" is ${value ? formatType(value) : 'missing'}` };
        }
      }
      return { kind: 'ran', detail: Object.values(results).map(formatType).join(', ') };
    } finally {
      executor.dispose();
    }
  } catch (thrown) {
    if (thrown instanceof LutraError && EXPECTED.includes(thrown.code)) {
      return { kind: 'refused', detail: `${thrown.code}: ${thrown.message}` };
    }
    return { kind: 'failed', detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  }
}
