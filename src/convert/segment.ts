import { Executor } from '../engine/executor.js';
import { LutraError } from '../errors.js';
import { readValues } from '../graph/topology.js';
import type { Graph, Node, TensorValue } from '../graph/types.js';
import { LOOKUP_DOMAIN, LOOKUP_OPSET } from '../lut/domain.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';

/** Values alive at one point of a network, for one calibration batch. */
export type LiveValues = ReadonlyMap<string, TensorValue>;

/** Position in the graph up to which a network has run, with what the rest of it still needs, batch by batch. */
export interface Frontier {
  readonly batches: readonly LiveValues[];
}

/** Longest vector that counts as a shape. */
const MOST_SIZES = 64;

/** Some nodes of a graph as a graph. Its inputs are the values that they read and do not compute. */
function extractSegment(
  graph: Graph,
  nodes: readonly Node[],
  outputs: readonly string[],
  live: LiveValues,
  extra: ReadonlyMap<string, TensorValue> = new Map(),
): Graph {
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  const initializers = new Map<string, TensorValue>();
  const inputs = new Set<string>();
  for (const name of nodes.flatMap(readValues)) {
    if (computed.has(name)) continue;
    const constant = extra.get(name) ?? graph.initializers.get(name);
    if (constant) initializers.set(name, constant);
    else inputs.add(name);
  }
  return {
    name: graph.name,
    opset: { ...graph.opset, [LOOKUP_DOMAIN]: LOOKUP_OPSET },
    inputs: [...inputs].map((name) => {
      const value = live.get(name);
      if (!value) throw new LutraError('INTERNAL', `value "${name}" is not alive where it is needed`);
      // Batches may differ in their first dimension only.
      return { name, type: value.type, dims: undefined };
    }),
    outputs: outputs.map((name) => ({ name, type: 'float32', dims: undefined })),
    nodes,
    initializers,
    metadata: {},
  };
}

/**
 * Runs some nodes on every batch.
 * @param keep names needed later; anything else is dropped
 * @param between called after every batch with the fraction done
 */
export async function runNodes(
  graph: Graph,
  nodes: readonly Node[],
  frontier: Frontier,
  keep: ReadonlySet<string>,
  between: (fraction: number) => void | Promise<void>,
  extra?: ReadonlyMap<string, TensorValue>,
  runtime = COMPLETE_RUNTIME,
): Promise<Frontier> {
  const wanted = nodes.flatMap((node) => node.outputs).filter((name) => keep.has(name));
  const retain = (live: LiveValues, computed: Readonly<Record<string, TensorValue>>): LiveValues => {
    const next = new Map<string, TensorValue>();
    for (const [name, value] of live) if (keep.has(name)) next.set(name, value);
    for (const name of wanted) next.set(name, computed[name]!);
    return next;
  };
  if (wanted.length === 0) return { batches: frontier.batches.map((live) => retain(live, {})) };
  const batches: LiveValues[] = [];
  let executor: Executor | undefined;
  let segment: Graph | undefined;
  let planned = '';
  try {
    for (const live of frontier.batches) {
      // Shapes computed further up must be constants to plan with; the last batch may be a smaller one.
      const sizes = sizesIn(graph, live);
      const key = [...sizes].map(([name, { data }]) => `${name}: ${data}`).join('; ');
      if (!executor || !segment || key !== planned) {
        executor?.dispose();
        segment = extractSegment(graph, nodes, wanted, live, new Map([...sizes, ...(extra ?? [])]));
        executor = await Executor.create(segment, runtime, { threads: 1 });
        planned = key;
      }
      const feeds = Object.fromEntries(segment.inputs.map(({ name }) => [name, live.get(name)!]));
      batches.push(retain(live, executor.run(feeds)));
      await between(batches.length / frontier.batches.length);
    }
    return { batches };
  } finally {
    executor?.dispose();
  }
}

/** Small integer tensors that the network computed itself: shapes and what they are made of. */
function sizesIn(graph: Graph, live: LiveValues): Map<string, TensorValue> {
  const given = new Set(graph.inputs.map((input) => input.name));
  return new Map(
    [...live].filter(([name, { type, data }]) => type === 'int64' && data.length <= MOST_SIZES && !given.has(name)),
  );
}

/** Names that nodes from `from` on, or the graph's outputs, still read. */
export function neededFrom(graph: Graph, from: number): Set<string> {
  const needed = new Set(graph.outputs.map((output) => output.name));
  for (let i = from; i < graph.nodes.length; i++) {
    for (const name of readValues(graph.nodes[i]!)) if (!graph.initializers.has(name)) needed.add(name);
  }
  return needed;
}

/** The first batches, until they hold `count` examples. */
export function firstExamples(graph: Graph, batches: readonly LiveValues[], count: number): readonly LiveValues[] {
  const size = batches[0]!.get(graph.inputs[0]!.name)!.dims[0] || 1;
  return batches.slice(0, Math.max(1, Math.ceil(count / size)));
}
