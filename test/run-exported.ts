/**
 * Runs a model that the Python package wrote, in Lutra and, by its function bodies, in onnxruntime:
 * `node --import tsx test/run-exported.ts MODEL INPUT.npz OUTPUT.npz`. The output has the codes of every encoder and the network's outputs
 * of both, under `lutra/NAME` and `onnxruntime/NAME`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseNpz, serializeNpz } from '../src/data/npy.js';
import { Executor } from '../src/engine/executor.js';
import type { TensorValue, ValueInfo } from '../src/graph/types.js';
import { factsOf } from '../src/lut/facts.js';
import { parseModel } from '../src/onnx/parse.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { runInOnnxRuntime } from './onnxruntime.js';

const [model, input, output] = process.argv.slice(2) as [string, string, string];
const graph = parseModel(readFileSync(model));
const codes = graph.nodes.filter((node) => factsOf(node)?.result === 'codes');
const outputs: ValueInfo[] = [
  ...graph.outputs,
  ...codes.map(({ outputs: [name] }): ValueInfo => ({ name: name!, type: 'uint8', dims: undefined })),
];
const probed = { ...graph, outputs };
const feeds = Object.fromEntries(parseNpz(readFileSync(input), input));
const executor = await Executor.create(probed, COMPLETE_RUNTIME, { threads: 1 });
const ours = executor.run(feeds);
const theirs = await runInOnnxRuntime(probed, feeds);
const results = outputs.flatMap(({ name }, i): [string, TensorValue][] => {
  const { type, dims, data } = theirs[name]!;
  const at = i < graph.outputs.length ? name : `codes${i - graph.outputs.length}`;
  return [
    [`lutra/${at}`, ours[name]!],
    [`onnxruntime/${at}`, { type, dims: [...dims], data } as TensorValue],
  ];
});
writeFileSync(output, serializeNpz(results));
