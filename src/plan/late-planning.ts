/** Planning that waits for feeds: for networks whose shapes depend on the values of inputs, or that have outputs that do not run. */
import type { LutraError } from '../errors.js';
import type { Graph, TensorType, TensorValue } from '../graph/types.js';
import type { OperatorSet } from '../ops/operator-set.js';
import { typesOf } from './bind.js';
import { resolve } from './resolve.js';
import type { InputTypes } from './types.js';

/** Elements of the largest input whose value may decide shapes: a shape, a length, a rate, a flag. */
const MOST_ELEMENTS = 64;

type Feeds = Readonly<Record<string, TensorValue>>;

function mayDecide({ dims }: TensorType): boolean {
  return dims.length <= 1 && (dims[0] ?? 1) <= MOST_ELEMENTS;
}

function resolves(graph: Graph, operators: OperatorSet, types: InputTypes): boolean {
  try {
    resolve(graph, operators, types);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a network that cannot be planned for its declared shapes may still run: sizes were guessed, a small input may decide, or some
 * output runs without the others.
 */
function canWait(
  graph: Graph,
  operators: OperatorSet,
  types: InputTypes,
  guessed: boolean,
  { code }: LutraError,
): boolean {
  const open = guessed || Object.values(types).some(mayDecide);
  if (code === 'INVALID_MODEL') return open;
  if (code !== 'UNSUPPORTED') return false;
  if (open && graph.nodes.every((node) => operators.of(node, graph.opset))) return true;
  return (
    graph.outputs.length > 1 &&
    graph.outputs.some((output) => resolves({ ...graph, outputs: [output] }, operators, types))
  );
}

/**
 * The fewest inputs whose values must be known so that every shape is: a length that Slice reads, the sizes of a Resize, the condition of
 * an If whose other branch does not fit. A plan then holds for these values only.
 *
 * @returns undefined when values do not help
 */
function decide(graph: Graph, operators: OperatorSet, feeds: Feeds): readonly string[] | undefined {
  const fits = (names: readonly string[]) => resolves(graph, operators, typesOf(feeds, names));
  let names: readonly string[] = Object.keys(feeds).filter((name) => mayDecide(feeds[name]!));
  if (!fits(names)) return undefined;
  for (const name of names) {
    const fewer = names.filter((other) => other !== name);
    if (fits(fewer)) names = fewer;
  }
  return names;
}

export const LATE_PLANNING = { canWait, decide };
