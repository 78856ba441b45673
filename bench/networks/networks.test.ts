import { describe, expect, it } from 'vitest';
import { Executor } from '../../src/engine/executor.js';
import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import { relativeDifference, runInOnnxRuntime, toOrt } from '../../test/onnxruntime.js';
import { type BertOptions, bert } from './bert.js';
import { catalogueEntry, lookupForm } from './catalogue.js';
import { quantize } from './quantize.js';
import { LUT_NN_GEOMETRY, randomLookups } from './random-lookups.js';
import { vgg11 } from './vgg11.js';
import { countWork } from './work.js';

const TINY_BERT: BertOptions = { layers: 2, hidden: 64, heads: 4, length: 8, seed: 1 };
const hidden = tensorValue(
  'float32',
  [1, 8, 64],
  Float32Array.from({ length: 8 * 64 }, (_, i) => Math.sin(i * i)),
);
const BERT_FEEDS = {
  hidden_states: hidden,
  attention_mask: tensorValue('int64', [1, 8], new BigInt64Array(8).fill(1n)),
};
const IMAGE = {
  image: tensorValue(
    'float32',
    [1, 3, 32, 32],
    Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i * i)),
  ),
};

async function run(graph: Graph, feeds: Readonly<Record<string, TensorValue>>) {
  const executor = await Executor.create(graph, COMPLETE_RUNTIME, { threads: 1 });
  try {
    return executor.run(feeds);
  } finally {
    executor.dispose();
  }
}

/** Every code as a further output. */
function withCodes(graph: Graph): Graph {
  const codes = graph.nodes.filter(({ op }) => op === 'Encode').map(({ outputs }) => outputs[0]!);
  return {
    ...graph,
    outputs: [...graph.outputs, ...codes.map((name) => ({ name, type: 'uint8', dims: undefined }) as const)],
  };
}

const lutBert = (graph: Graph) =>
  randomLookups(graph, { ...LUT_NN_GEOMETRY, seed: 1, layers: ({ kind }) => kind === 'linear' });

describe('catalogue', () => {
  // Multiply-adds as LUT-NN's authors count them (Tang et al. 2023, Table 3).
  it.each([
    ['resnet18-32', 0.555, 19],
    ['vgg11-32', 0.153, 7],
  ])('%s has the published work, and lookup layers where LUT-NN has them', (id, gmacs, layers) => {
    const entry = catalogueEntry(id);
    const dense = entry.dense();
    expect(countWork(dense).macs / 1e9).toBeCloseTo(gmacs, 2);
    const lookup = lookupForm(entry, dense);
    expect(lookup.nodes.filter(({ op }) => op === 'LookUp')).toHaveLength(layers);
    const work = countWork(lookup);
    // The first layer and the classifier stay; every 3 × 3 window of a channel is one lookup per output.
    expect(work.macs / countWork(dense).macs).toBeLessThan(0.02);
    expect(work.lookups).toBeLessThan((countWork(dense).macs - work.macs) / 4 + 1);
    expect(work.lookups).toBeGreaterThan((countWork(dense).macs - work.macs) / 10);
  });

  it('names the networks there are', () => {
    expect(() => catalogueEntry('resnet19')).toThrow(/resnet18-32/);
  });
});

describe('BERT', () => {
  it('is 72 linear layers of BERT-base shape, counted', () => {
    const graph = bert(TINY_BERT);
    expect(lutBert(graph).nodes.filter(({ op }) => op === 'LookUp')).toHaveLength(12);
    // Query, key and value read the same codes.
    expect(lutBert(graph).nodes.filter(({ op }) => op === 'Encode')).toHaveLength(8);
    const linear = 2 * 8 * (4 * 64 * 64 + 2 * 64 * 256);
    const attention = 2 * 2 * 4 * 8 * 8 * 16;
    expect(countWork(graph).macs).toBe(linear + attention);
  });

  it('is computed as onnxruntime does, padding hidden', async () => {
    const graph = bert(TINY_BERT);
    const mask = tensorValue('int64', [1, 8], BigInt64Array.from([1n, 1n, 1n, 1n, 1n, 0n, 0n, 0n]));
    const feeds = { hidden_states: hidden, attention_mask: mask };
    const ours = (await run(graph, feeds)).last_hidden_state!;
    const theirs = (await runInOnnxRuntime(graph, feeds)).last_hidden_state!;
    expect(relativeDifference(toOrt(ours), theirs)).toBeLessThan(1e-5);
    const unmasked = (await run(graph, BERT_FEEDS)).last_hidden_state!;
    expect(relativeDifference(toOrt(unmasked), theirs)).toBeGreaterThan(1e-2);
  });

  it('with lookup layers has the codes that the function bodies give', async () => {
    const graph = withCodes(lutBert(bert(TINY_BERT)));
    const ours = await run(graph, BERT_FEEDS);
    const theirs = await runInOnnxRuntime(graph, BERT_FEEDS);
    for (const [name, tensor] of Object.entries(theirs)) {
      expect(relativeDifference(toOrt(ours[name]!), tensor), name).toBeLessThan(1e-4);
    }
  });
});

describe('quantize', () => {
  it('gives a convolutional network whose layers are all in int8, close to the original', async () => {
    const dense = vgg11({ size: 32, classes: 10, seed: 1 });
    const int8 = await quantize(dense, [IMAGE]);
    expect(int8.nodes.filter(({ op }) => op === 'QuantizeLinear').length).toBeGreaterThan(8);
    expect([...int8.initializers.values()].some(({ type, data }) => type === 'float32' && data.length > 4096)).toBe(
      false,
    );
    const wanted = (await runInOnnxRuntime(dense, IMAGE)).logits!;
    // Not optimized: onnxruntime's own int8 kernels saturate on processors without VNNI.
    const got = (await runInOnnxRuntime(int8, IMAGE)).logits!;
    expect(relativeDifference(got, wanted)).toBeLessThan(0.15);
  });

  it('leaves float32 between the linear layers of a transformer', async () => {
    const dense = bert(TINY_BERT);
    const int8 = await quantize(dense, [BERT_FEEDS]);
    // One for what query, key and value share, one for each other linear layer.
    expect(int8.nodes.filter(({ op }) => op === 'QuantizeLinear')).toHaveLength(8);
    const wanted = (await runInOnnxRuntime(dense, BERT_FEEDS)).last_hidden_state!;
    const got = (await runInOnnxRuntime(int8, BERT_FEEDS)).last_hidden_state!;
    expect(relativeDifference(got, wanted)).toBeLessThan(0.1);
  });
});
