import { describe, expect, it } from 'vitest';
import { Executor } from '../../src/engine/executor.js';
import { tensorValue } from '../../src/graph/tensor.js';
import type { Graph, TensorValue } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';
import { serializeModel } from '../../src/onnx/serialize.js';
import { COMPLETE_RUNTIME } from '../../src/plan/complete.js';
import { runInOnnxRuntime } from '../../test/onnxruntime.js';
import { bert } from '../networks/bert.js';
import { ImageNetwork } from '../networks/image-network.js';
import { LUT_NN_GEOMETRY, randomLookups } from '../networks/random-lookups.js';
import { checkForm } from './check-forms.js';
import type { EngineThread } from './engine-thread.js';
import { type BenchNetwork, exampleFeeds } from './network.js';
import type { Contender, EngineId, Tensors } from './types.js';
import { type Answers, verify } from './verify.js';

const NETWORK: BenchNetwork = {
  id: 'small',
  title: 'small',
  inputs: [{ name: 'image', type: 'float32', dims: [1, 3, 32, 32] }],
  models: {},
};

/** A convolution of integers and four lookup layers, one of which reads what another reads. */
function lookupNetwork(): Graph {
  const network = new ImageNetwork('small', { size: 32, classes: 10, seed: 1 });
  let x = network.relu(network.conv(network.image, 'first', 3, 8, 3, 2));
  x = network.relu(network.add(network.conv(x, 'a', 8, 16, 3, 2), network.conv(x, 'b', 8, 16, 3, 2)));
  x = network.relu(network.conv(x, 'c', 16, 16, 1));
  x = network.relu(network.conv(x, 'd', 16, 32, 3, 2));
  const dense = network.classify(network.flatten(network.averagePool(x)), 32);
  const layers = ({ kind, first }: { kind: string; first: boolean }) => kind === 'conv' && !first;
  return randomLookups(dense, { ...LUT_NN_GEOMETRY, stem: 'integer', seed: 1, layers });
}

const layerNode = (graph: Graph, layer: string, op: string) =>
  graph.nodes.find((node) => node.op === op && node.name.startsWith(`${layer}/`))!;

/** The graph with another constant in one layer. */
function replaceConstant(graph: Graph, name: string, change: (data: Int8Array) => void): Graph {
  const { type, dims, data } = graph.initializers.get(name)!;
  const changed = (data as Int8Array).slice();
  change(changed);
  return { ...graph, initializers: new Map(graph.initializers).set(name, tensorValue(type, dims, changed)) };
}

const sound = lookupNetwork();
const as = (engine: EngineId): Contender => ({ engine, threads: 1, wasm: 'auto' });

async function inLutra(bytes: Uint8Array, feeds: Tensors): Promise<Tensors> {
  const executor = await Executor.create(parseModel(bytes), COMPLETE_RUNTIME, { threads: 1 });
  try {
    return executor.run(feeds as Record<string, TensorValue>) as Tensors;
  } finally {
    executor.dispose();
  }
}

const inReference = async (bytes: Uint8Array, feeds: Tensors): Promise<Tensors> =>
  (await runInOnnxRuntime(parseModel(bytes), feeds as Record<string, TensorValue>)) as unknown as Tensors;

/** Verifies Lutra running `own`, while the reference runs the sound network. */
async function verifyLutra(own: Graph, right = sound, network = NETWORK) {
  const feeds = exampleFeeds(network.inputs);
  const files = { lutra: serializeModel(own), reference: serializeModel(right) };
  const answer = await inLutra(files.lutra, feeds);
  const thread = { contender: as('lutra'), answer: async () => answer } as unknown as EngineThread;
  const answers: Answers = async ({ engine }, { form, feeds: given = feeds }) => {
    if (form === 'dense') throw new Error('not asked for');
    return engine === 'lutra'
      ? inLutra(checkForm(files.lutra, form), given)
      : inReference(checkForm(files.reference, form), given);
  };
  return verify(network, [thread], answers);
}

describe('verify, lookup networks', () => {
  it('accepts a right one and says that every layer was equal', async () => {
    const [verified] = await verifyLutra(sound);
    expect(verified).toMatchObject({ engine: 'lutra', layers: 5 });
    expect(verified!.codes).toBeLessThan(1e-3);
    expect(verified!.largest).toBeLessThan(1e-5);
  });

  it('accepts a transformer, whose queries, keys and values share their codes', async () => {
    const dense = bert({ layers: 2, hidden: 64, heads: 4, length: 8, seed: 1 });
    const graph = randomLookups(dense, { ...LUT_NN_GEOMETRY, seed: 1, layers: ({ kind }) => kind === 'linear' });
    const inputs: BenchNetwork['inputs'] = [
      { name: 'hidden_states', type: 'float32', dims: [1, 8, 64] },
      { name: 'attention_mask', type: 'int64', dims: [1, 8] },
    ];
    const [verified] = await verifyLutra(graph, graph, { ...NETWORK, inputs });
    expect(verified).toMatchObject({ layers: 12 });
    expect(verified!.largest).toBeLessThan(1e-4);
  });

  it('refuses one weight of the first convolution that is off by one', async () => {
    const { inputs } = layerNode(sound, 'first', 'QuantizedConv');
    const own = replaceConstant(sound, inputs[3]!, (weights) => {
      weights[13]! += weights[13]! > 0 ? -1 : 1;
    });
    await expect(verifyLutra(own)).rejects.toThrow(/lutra answers small wrongly .* (sums|codes) of .* differ/);
  });

  it.each(['a', 'b', 'c', 'd'])('refuses one table entry that is off by one in layer %s', async (layer) => {
    const { inputs } = layerNode(sound, layer, 'LookUp');
    const codes = await inLutra(checkForm(serializeModel(sound), 'codes'), exampleFeeds(NETWORK.inputs));
    const used = codes[inputs[0]!]!.data[0] as number;
    const own = replaceConstant(sound, inputs[1]!, (table) => {
      table[used]! += table[used]! > 0 ? -1 : 1;
    });
    await expect(verifyLutra(own)).rejects.toThrow(
      /lutra answers small wrongly \(1 threads, .*\): \d+ of \d+ (sums|codes) of .* differ.*Nothing/,
    );
  });

  it('refuses codes that are wrong in the last layer', async () => {
    const own = replaceConstant(sound, layerNode(sound, 'd', 'Encode').inputs[3]!, (weights) => weights.reverse());
    await expect(verifyLutra(own)).rejects.toThrow(/codes of d\/.* differ/);
  });
});

const floats = (...data: number[]): Tensors => ({
  y: { type: 'float32', dims: [data.length], data: Float32Array.from(data) },
});

/** Dense engines with canned answers, beside a reference that answers 10, −20. */
function verifyDense(answers: Partial<Record<EngineId, Tensors>>, network = NETWORK) {
  const threads = Object.entries(answers).map(
    ([engine, answer]) =>
      ({ contender: as(engine as EngineId), answer: async () => answer }) as unknown as EngineThread,
  );
  return verify(network, threads, async () => floats(10, -20));
}

describe('verify, dense networks', () => {
  it('accepts what agrees and tells how far it is off', async () => {
    const verified = await verifyDense({ 'lutra-dense': floats(10, -20.001), 'ort-int8': floats(11, -19) });
    expect(verified.map(({ engine }) => engine)).toEqual(['lutra-dense', 'ort-int8']);
    expect(verified[0]!.largest).toBeCloseTo(5e-5);
  });

  it('refuses float engines that are off and NaN, and int8 that is far off', async () => {
    await expect(verifyDense({ 'lutra-dense': floats(10, -20.1) })).rejects.toThrow(
      /lutra-dense answers small wrongly/,
    );
    await expect(verifyDense({ tfjs: floats(Number.NaN, -20) })).rejects.toThrow(/tfjs/);
    await expect(verifyDense({ 'ort-int8': floats(30, 20) })).rejects.toThrow(/ort-int8/);
  });

  it('allows an engine more only where the network says that its file is rounded', async () => {
    const off = { litert: floats(10, -20.1) };
    await expect(verifyDense(off)).rejects.toThrow(/litert/);
    const rounded = { ...NETWORK, rounded: { litert: 0.02 } };
    expect(await verifyDense(off, rounded)).toHaveLength(1);
    await expect(verifyDense({ litert: floats(10, -21) }, rounded)).rejects.toThrow(/litert/);
  });
});
