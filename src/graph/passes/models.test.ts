import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime } from '../../../test/onnxruntime.js';
import { generator } from '../../../test/random-graph.js';
import { parseModel } from '../../onnx/parse.js';
import { COMPLETE_OPERATORS } from '../../ops/complete.js';
import { allocate } from '../tensor.js';
import type { Graph, TensorValue } from '../types.js';
import { raiseOpset } from './raise-opset.js';
import { simplify } from './simplify.js';

const FOLDER = '../shared/data/onnx-models';
const files = existsSync(FOLDER)
  ? (readdirSync(FOLDER, { recursive: true }) as string[]).filter((file) => file.endsWith('.onnx')).sort()
  : [];

/** Sizes of symbolic dimensions that a network's own structure asks for. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  'oww_melspectrogram.onnx': { input: [1, 16000] },
  'ppocr_mobile_v2_cls.onnx': { x: [1, 3, 48, 192] },
  'ppocr_v3_det.onnx': { x: [1, 3, 96, 128] },
  'silero_vad_16k_op15.onnx': { input: [1, 576], state: [2, 1, 128], sr: [] },
};

function seededFeeds(file: string, graph: Graph): Record<string, TensorValue> {
  const random = generator(7);
  const entries = graph.inputs.map(({ name, type, dims }): [string, TensorValue] => {
    const shape = SHAPES[file]?.[name] ?? dims!.map((dim) => (typeof dim === 'number' ? dim : 2));
    const value = allocate(type, shape);
    const { data } = value;
    for (let i = 0; i < data.length; i++) {
      if (name === 'sr') (data as BigInt64Array)[i] = 16000n;
      else data[i] = type === 'int64' ? BigInt(Math.floor(random() * 512)) : random() * 2 - 1;
    }
    return [name, value];
  });
  return Object.fromEntries(entries);
}

describe.skipIf(files.length === 0)('public models keep their outputs', () => {
  it.each(files)('%s', { timeout: 120_000 }, async (file) => {
    const graph = parseModel(readFileSync(join(FOLDER, file)));
    const feeds = seededFeeds(file, graph);
    const simple = simplify(graph, COMPLETE_OPERATORS);
    expect(simple.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
    // The tolerance is for regrouped roundings of deep float networks; a wrong fold is off by orders of magnitude.
    const before = await runInOnnxRuntime(graph, feeds);
    const raised = raiseOpset(simple, COMPLETE_OPERATORS);
    for (const rewritten of raised === simple ? [simple] : [simple, raised]) {
      const after = await runInOnnxRuntime(rewritten, feeds);
      for (const name of Object.keys(before)) {
        expect(relativeDifference(before[name]!, after[name]!), name).toBeLessThan(1e-5);
      }
    }
  });
});
