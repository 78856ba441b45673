/** Whether a lookup network computes what its function bodies mean in onnxruntime: stage by stage, and as a whole. */

import { exposeStages } from '../e2e/hashes/stages.js';
import { Executor } from '../src/engine/executor.js';
import type { Graph, Node, TensorValue, ValueInfo } from '../src/graph/types.js';
import { factsOf } from '../src/lut/facts.js';
import { parseModel } from '../src/onnx/parse.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { relativeDifference, runInOnnxRuntime, toOrt } from './onnxruntime.js';

type Values = Readonly<Record<string, TensorValue>>;

export interface ConvertedCheck {
  readonly lookups: number;
  /** Codes that differ from those of the function bodies, given the same activations. */
  readonly wrongCodes: number;
  /** Integer sums that differ, given the same codes. */
  readonly wrongSums: number;
  /** Largest difference of the outputs, given the same codes: that of the dense layers. */
  readonly outputError: number;
  /** Codes that differ when both run on their own: activations on an edge between two integers, after roundings of dense layers. */
  readonly flippedCodes: number;
  readonly codes: number;
}

const isEncode = (node: Node) => factsOf(node)?.quantizes ?? false;

async function run(graph: Graph, feeds: Values): Promise<Record<string, TensorValue>> {
  const executor = await Executor.create(parseModel(serializeModel(graph)), COMPLETE_RUNTIME);
  try {
    return executor.run(feeds);
  } finally {
    executor.dispose();
  }
}

function differences(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  let count = Math.abs(a.length - b.length);
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) count++;
  return count;
}

const numbers = ({ data }: { readonly data: unknown }) => data as ArrayLike<number>;

/** Compares on one set of feeds. */
export async function checkConverted(lookup: Graph, feeds: Values): Promise<ConvertedCheck> {
  const { graph, stages } = exposeStages(lookup);
  const encoders = graph.nodes.filter(isEncode);
  const shown = (names: readonly string[]): ValueInfo[] =>
    [...new Set(names)]
      .filter((name) => !graph.outputs.some((output) => output.name === name))
      .filter((name) => !graph.inputs.some((input) => input.name === name))
      .map((name) => ({ name, type: 'float32', dims: undefined }));
  const fused = await run(graph, feeds);
  // Activations that are outputs are stored dense, too; the codes must not depend on it.
  const activations = encoders.map(({ inputs }) => inputs[0]!);
  const own = { ...feeds, ...(await run({ ...graph, outputs: [...graph.outputs, ...shown(activations)] }, feeds)) };

  // Every Encode alone, on the engine's activations.
  const declared = (names: readonly string[]): ValueInfo[] =>
    [...new Set(names)].map((name) => ({ name, type: own[name]!.type, dims: own[name]!.dims }));
  const encode: Graph = {
    ...graph,
    nodes: encoders,
    inputs: declared(activations),
    outputs: graph.outputs.filter(({ name }) => stages.codes.includes(name)),
  };
  const pick = (names: readonly string[]): Values => Object.fromEntries(names.map((name) => [name, own[name]!]));
  const codes = encoders.length > 0 ? await runInOnnxRuntime(encode, pick(activations)) : {};

  // Everything else, on the engine's codes.
  const rest: Graph = {
    ...graph,
    nodes: graph.nodes.filter((node) => !isEncode(node)),
    inputs: [...graph.inputs, ...declared(stages.codes)],
    outputs: graph.outputs.filter(({ name }) => !stages.codes.includes(name)),
  };
  const results = await runInOnnxRuntime(rest, { ...feeds, ...pick(stages.codes) });

  const alone = await runInOnnxRuntime(graph, feeds);
  const sum = (names: readonly string[], count: (name: string) => number) =>
    names.reduce((total, name) => total + count(name), 0);
  return {
    lookups: stages.sums.length,
    wrongCodes: sum(
      stages.codes,
      (name) =>
        differences(numbers(codes[name]!), numbers(own[name]!)) +
        differences(numbers(fused[name]!), numbers(own[name]!)),
    ),
    wrongSums: sum(stages.sums, (name) => differences(numbers(results[name]!), numbers(own[name]!))),
    outputError: Math.max(...stages.outputs.map((name) => relativeDifference(results[name]!, toOrt(own[name]!), 1e-2))),
    flippedCodes: sum(stages.codes, (name) => differences(numbers(alone[name]!), numbers(fused[name]!))),
    codes: sum(stages.codes, (name) => numbers(own[name]!).length),
  };
}

/** float32 feeds for every input; symbolic dimensions are 1. */
export function noiseFeeds(graph: Graph, random: () => number, batch = 1): Values {
  return Object.fromEntries(
    graph.inputs.map(({ name, dims }) => {
      const sizes = dims!.map((dim) => (typeof dim === 'number' ? dim : batch));
      const count = sizes.reduce((product, size) => product * size, 1);
      const data = Float32Array.from({ length: count }, () => random() * 2 - 1);
      return [name, { type: 'float32' as const, dims: sizes, data }];
    }),
  );
}
