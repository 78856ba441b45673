import { describe, expect, it } from 'vitest';
import { Executor } from '../src/engine/executor.js';
import type { Graph, TensorValue } from '../src/graph/types.js';
import { parseModel } from '../src/onnx/parse.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { relativeDifference, runInOnnxRuntime, toOrt } from './onnxruntime.js';
import { graphOfNode, RANDOM_NODES, randomNode } from './random-node/index.js';

/** A longer run: `SEEDS=1000 FIRST=5000 npx vitest run test/random-node.test.ts`. */
const SEEDS = Number(process.env.SEEDS ?? 20);
const FIRST = Number(process.env.FIRST ?? 1);
/** The last place of a half is 1e-3; sums of float32 are regrouped. */
const TOLERANCES = { half: 2e-3, single: 3e-5 };
/** What is small beside 1 is compared absolutely: runtimes approximate Erf and its kin to 1e-7, not to seven digits. */
const SMALLEST = 1e-2;

/** The result of onnxruntime, or undefined where it has no such kernel. */
async function reference(graph: Graph, feeds: Readonly<Record<string, TensorValue>>) {
  try {
    return await runInOnnxRuntime(graph, feeds);
  } catch {
    return undefined;
  }
}

describe('nodes of every operator that the importer promises equal onnxruntime', () => {
  it.each(Object.keys(RANDOM_NODES))('%s', async (op) => {
    let compared = 0;
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const test = randomNode(op, seed);
      if (!test) continue;
      const graph = graphOfNode(test);
      const feeds = Object.fromEntries(graph.inputs.map(({ name }) => [name, test.inputs[Number(name.slice(1))]!]));
      const executor = await Executor.create(parseModel(serializeModel(graph)), COMPLETE_RUNTIME);
      const actual = executor.run(feeds);
      executor.dispose();
      const expected = await reference(graph, feeds);
      if (!expected) continue;
      compared++;
      const tolerance = TOLERANCES[test.inputs.some((value) => value?.type === 'float16') ? 'half' : 'single'];
      for (const { name } of graph.outputs) {
        const error = relativeDifference(expected[name]!, toOrt(actual[name]!), SMALLEST);
        const what = `${op} version ${test.opset}, seed ${seed}, ${name}, ${JSON.stringify(test.attributes)}`;
        expect(error, what).toBeLessThanOrEqual(tolerance);
      }
    }
    expect(compared).toBeGreaterThan(0);
  });
});
