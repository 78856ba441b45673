import { describe, expect, it } from 'vitest';
import { Executor } from '../engine/executor.js';
import { tensorValue } from '../graph/tensor.js';
import type { Graph, Node, TensorValue } from '../graph/types.js';
import { serializeModel } from '../onnx/serialize.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';
import { convert, type FamilyFit } from './index.js';
import { seededRandom } from './random.js';
import type { ConvertOptions } from './types.js';

/** conv(2→8) relu · [conv3x3 s2(8→8) relu + conv1x1 s2(8→8)] · conv3x3(8→8) relu · mean · Gemm(8→6) relu · Gemm(6→4) */
function network(seed = 51): Graph {
  const random = seededRandom(seed);
  const initializers = new Map<string, TensorValue>();
  const nodes: Node[] = [];
  const weights = (name: string, dims: number[]) => {
    const count = dims.reduce((product, d) => product * d, 1);
    const size = Math.sqrt((dims[0]! * 6) / count);
    const data = Float32Array.from({ length: count }, () => (random() * 2 - 1) * size);
    initializers.set(name, tensorValue('float32', dims, data));
    initializers.set(`${name}.b`, tensorValue('float32', [dims[0]!], new Float32Array(dims[0]!).fill(0.05)));
    return [name, `${name}.b`];
  };
  const add = (op: string, name: string, inputs: string[], attributes: Node['attributes'] = {}) => {
    nodes.push({ name, op, domain: '', inputs, outputs: [name], attributes });
    return name;
  };
  const conv = (name: string, x: string, O: number, C: number, k: number, s: number) =>
    add('Conv', name, [x, ...weights(`${name}.w`, [O, C, k, k])], {
      kernel_shape: [k, k],
      strides: [s, s],
      pads: [(k - 1) / 2, (k - 1) / 2, (k - 1) / 2, (k - 1) / 2],
    });
  const stem = add('Relu', 'stem.relu', [conv('stem', 'x', 8, 2, 3, 1)]);
  const main = add('Relu', 'a.relu', [conv('a', stem, 8, 8, 3, 2)]);
  const sum = add('Add', 'sum', [main, conv('shortcut', stem, 8, 8, 1, 2)]);
  const last = add('Relu', 'b.relu', [conv('b', sum, 8, 8, 3, 1)]);
  const flat = add('Flatten', 'flat', [add('GlobalAveragePool', 'mean', [last])], { axis: 1 });
  const hidden = add('Relu', 'h.relu', [add('Gemm', 'hidden', [flat, ...weights('hidden.w', [6, 8])], { transB: 1 })]);
  add('Gemm', 'y', [hidden, ...weights('y.w', [4, 6])], { transB: 1 });
  return {
    name: 'small',
    opset: { '': 17 },
    inputs: [{ name: 'x', type: 'float32', dims: ['N', 2, 9, 8] }],
    outputs: [{ name: 'y', type: 'float32', dims: ['N', 4] }],
    nodes,
    initializers,
    metadata: {},
  };
}

/** Waves of random direction and brightness: neighboring pixels resemble each other, as in images. */
function batches(count: number, size: number, seed = 52): TensorValue[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const data = new Float32Array(size * 144);
    for (let image = 0; image < size; image++) {
      for (let c = 0; c < 2; c++) {
        const [fy, fx, phase, level, height] = [random(), random(), random() * 6, random() - 0.5, random() + 0.2];
        for (let y = 0; y < 9; y++) {
          for (let x = 0; x < 8; x++) {
            data[((image * 2 + c) * 9 + y) * 8 + x] = 2 * level + height * Math.sin(fy * y + fx * x + phase);
          }
        }
      }
    }
    return tensorValue('float32', [size, 2, 9, 8], data);
  });
}

async function run(graph: Graph, x: TensorValue, output = 'y'): Promise<Float32Array> {
  const executor = await Executor.create(graph, COMPLETE_RUNTIME);
  const { [output]: y } = executor.run({ x });
  executor.dispose();
  return y!.data as Float32Array;
}

const ops = (graph: Graph) => graph.nodes.map(({ op }) => op);

describe('convert', () => {
  const forced: ConvertOptions = { layers: ['a', 'shortcut', 'b', 'hidden'], seed: 3 };

  it.each(['patch', 'row', 'pixel'] as const)(
    'replaces layers by %s codebooks that stay close to the dense network',
    async (kind) => {
      const dense = network();
      const options = { ...forced, geometry: { conv: { kind, channels: 2 }, pointwise: 2, linear: 2 }, centroids: 32 };
      const { graph, report } = await convert(dense, { feeds: batches(8, 32) }, options);
      expect(ops(graph).filter((op) => op === 'LookUp')).toHaveLength(4);
      expect(report.totals.converted).toBe(4);
      for (const layer of report.layers.filter(({ converted }) => converted)) {
        expect(layer.relativeError).toBeGreaterThan(0);
        expect(layer.relativeError, layer.name).toBeLessThan(0.5);
      }
      const [x] = batches(1, 16, 99);
      const expected = await run(dense, x!);
      const actual = await run(graph, x!);
      let error = 0;
      let energy = 0;
      const mean = expected.reduce((sum, y) => sum + y, 0) / expected.length;
      expected.forEach((y, i) => {
        error += (y - actual[i]!) ** 2;
        energy += (y - mean) ** 2;
      });
      expect(error / energy).toBeLessThan(0.25);
    },
  );

  it('computes the first convolution in integers where it may, and fits the others to that', async () => {
    const dense = network();
    const calibration = { feeds: batches(4, 16) };
    const { graph, report } = await convert(dense, calibration, { ...forced, stem: 'integer' });
    const stem = graph.nodes[0]!;
    expect(stem).toMatchObject({ op: 'QuantizedConv', domain: 'lutra', outputs: ['stem'] });
    expect(graph.initializers.has('stem.w')).toBe(false);
    expect(report.layers[0]).toMatchObject({ name: 'stem', converted: true, family: 'integer' });
    expect(report.layers[0]!.tableBytes).toBe(8 * 2 * 9 + 2 * 4 * 8);
    const [x] = batches(1, 16, 99);
    const alone = (nodes: readonly Node[], { initializers }: Graph) =>
      run({ ...dense, nodes, initializers, outputs: [{ name: 'stem', type: 'float32', dims: undefined }] }, x!, 'stem');
    const expected = await alone(dense.nodes.slice(0, 1), dense);
    const actual = await alone([stem], graph);
    const largest = expected.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
    expect(Math.max(...expected.map((y, i) => Math.abs(y - actual[i]!)))).toBeLessThan(0.05 * largest);

    const stems = async (options: ConvertOptions) =>
      ops((await convert(dense, calibration, { ...forced, ...options })).graph)[0];
    expect(await stems({})).toBe('Conv');
    expect(await stems({ optimize: 'speed' })).toBe('QuantizedConv');
    expect(await stems({ optimize: 'speed', stem: 'float' })).toBe('Conv');
  });

  it('lets the family of integers replace every layer: a plain int8 network', async () => {
    const { graph, report } = await convert(network(), { feeds: batches(2, 16) }, { layers: 'all', family: 'integer' });
    expect(ops(graph).filter((op) => op === 'QuantizedConv')).toHaveLength(6);
    for (const { converted, relativeError } of report.layers) {
      expect(converted).toBe(true);
      expect(relativeError).toBeLessThan(0.01);
    }
    const [x] = batches(1, 17, 99);
    const [expected, actual] = [await run(network(), x!), await run(graph, x!)];
    const largest = Math.max(...expected.map(Math.abs));
    expect(Math.max(...expected.map((y, i) => Math.abs(y - actual[i]!)))).toBeLessThan(0.1 * largest);
    expect(report.totals).toMatchObject({ converted: 6, searchMacs: 0, flopsAfter: report.totals.flopsBefore });
  });

  it('takes families that it does not know, and measures what they lose', async () => {
    const cost = { nanoseconds: 1, tableBytes: 5, macs: 0, searchMacs: 0, lookups: 7 };
    /** Linear layers with a bias of 0: what is lost is the share of the bias. */
    const unbiased: FamilyFit = {
      name: 'unbiased',
      accepts: ({ kind }) => kind === 'linear',
      cost: () => cost,
      begin: (pass) => (layer) => {
        expect(pass.input(layer).channels).toBe(layer.inputChannels);
        const [w, name] = [pass.name('w'), pass.name('node')];
        const dims = [layer.outputChannels, layer.inputChannels];
        const initializers = new Map([[w, tensorValue('float32', dims, layer.weight)]]);
        const [inputs, outputs] = [[layer.input, w], [layer.output]];
        const node: Node = { name, op: 'Gemm', domain: '', inputs, outputs, attributes: { transB: 1 } };
        return { nodes: [node], initializers };
      },
    };
    const dense = network();
    const { graph, report } = await convert(
      dense,
      { feeds: batches(4, 16) },
      { family: 'unbiased', layers: ['y'] },
      { families: [{ fit: unbiased }] },
    );
    const layer = report.layers.find(({ name }) => name === 'y')!;
    expect(layer).toMatchObject({ converted: true, family: 'unbiased', form: 'unbiased', tableBytes: 5, lookups: 7 });
    expect(report.totals).toMatchObject({ converted: 1, lookups: 7 });
    const [x] = batches(1, 4, 99);
    const [expected, actual] = [await run(dense, x!), await run(graph, x!)];
    for (const [i, y] of actual.entries()) expect(y + 0.05).toBeCloseTo(expected[i]!, 5);
    expect(layer.relativeError).toBeGreaterThan(0);
    const conversion = convert(
      dense,
      { feeds: batches(1, 2) },
      { family: 'unbiased', layers: ['a'] },
      { families: [{ fit: unbiased }] },
    );
    await expect(conversion).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('shares the codes of a pixel between a 3 × 3 and its 1 × 1 shortcut', async () => {
    const options = {
      ...forced,
      geometry: { conv: { kind: 'pixel', channels: 4 }, pointwise: 4 },
      centroids: 16,
    } as const;
    const { graph, report } = await convert(network(), { feeds: batches(2, 16) }, options);
    expect(report.layers.map(({ name, sharedCodes }) => [name, sharedCodes])).toContainEqual(['shortcut', true]);
    expect(ops(graph).filter((op) => op === 'Encode')).toHaveLength(3);
    expect((await run(graph, batches(1, 3)[0]!)).every(Number.isFinite)).toBe(true);
  });

  it('keeps to a size, and uses more of it for less error', async () => {
    const convertTo = async (maxBytes: number) => {
      const { graph, report } = await convert(network(), { feeds: batches(4, 32) }, { ...forced, maxBytes });
      const size = serializeModel(graph).length;
      expect(size).toBeLessThanOrEqual(maxBytes);
      const errors = report.layers.flatMap(({ relativeError }) => relativeError ?? []);
      expect(errors).toHaveLength(4);
      return { size, error: errors.reduce((sum, error) => sum + error), report };
    };
    const [small, large] = [await convertTo(25_000), await convertTo(60_000)];
    expect(large.size).toBeGreaterThan(small.size);
    expect(large.error).toBeLessThan(small.error / 2);
    const kinds = large.report.layers.map(({ geometry }) => geometry && `${geometry.kind} ${geometry.channels}`);
    expect(kinds).toContain('pixel 1');
  });

  it('encodes with trees', async () => {
    const { graph } = await convert(network(), { feeds: batches(2, 16) }, { ...forced, encoder: 'tree' });
    expect(ops(graph)).toContain('EncodeTree');
    expect(ops(graph)).not.toContain('Encode');
    expect((await run(graph, batches(1, 3)[0]!)).every(Number.isFinite)).toBe(true);
  });

  it('gives the same model for the same seed and another for another', async () => {
    const convertWith = async (seed: number) => {
      const { graph } = await convert(network(), { feeds: batches(2, 16) }, { ...forced, seed });
      return graph.initializers;
    };
    const first = await convertWith(7);
    expect(await convertWith(7)).toEqual(first);
    expect(await convertWith(8)).not.toEqual(first);
  });

  it('leaves the first convolution and the last layer alone by default', async () => {
    const { report } = await convert(network(), { feeds: batches(1, 8) });
    const reasons = Object.fromEntries(report.layers.map(({ name, reason }) => [name, reason]));
    expect(reasons.stem).toBe('first');
    expect(reasons.y).toBe('last');
  });

  it('converts everything with `all` but what is excluded', async () => {
    const { report } = await convert(network(), { feeds: batches(1, 8) }, { layers: 'all', exclude: ['b'] });
    expect(report.layers.filter(({ converted }) => !converted).map(({ name }) => name)).toEqual(['b']);
  });

  it('keeps within maxDrop', async () => {
    const { report } = await convert(network(), { feeds: batches(3, 16) }, { ...forced, maxDrop: 0 });
    expect(report.heldOut!.agreement).toBe(100);
    expect(report.layers.every(({ converted, reason }) => converted || reason !== undefined)).toBe(true);
  });

  it('records how it was made', async () => {
    const options = { ...forced, metadata: { 'lutra.labels': '["a"]' } };
    const { graph } = await convert(network(), { feeds: batches(1, 8) }, options);
    expect(graph.metadata['lutra.version']).toBe('1');
    expect(graph.metadata['lutra.labels']).toBe('["a"]');
    expect(JSON.parse(graph.metadata['lutra.calibration']!)).toMatchObject({ examples: 8, seed: 3 });
  });

  it('reports progress of every layer', async () => {
    const seen: string[] = [];
    await convert(network(), { feeds: batches(1, 8) }, forced, {
      onProgress: ({ stage, layer, relativeError }) => {
        if (stage === 'layer' && relativeError !== undefined) seen.push(layer!);
      },
    });
    expect(seen).toEqual(['a', 'shortcut', 'b', 'hidden']);
  });

  it('stops when asked', async () => {
    const controller = new AbortController();
    const promise = convert(network(), { feeds: batches(1, 8) }, forced, {
      signal: controller.signal,
      onProgress: ({ stage }) => stage === 'layer' && controller.abort(),
    });
    await expect(promise).rejects.toMatchObject({ code: 'ABORTED' });
  });

  const nan = tensorValue('float32', [1, 2, 9, 8], new Float32Array(144).fill(Number.NaN));
  const wide = tensorValue('float32', [1, 2, 9, 9], new Float32Array(162));
  const empty = tensorValue('float32', [0, 2, 9, 8], new Float32Array(0));
  it.each([
    ['no batches', [], undefined],
    ['NaN', [nan], undefined],
    ['another shape', [wide], undefined],
    ['no examples', [empty], undefined],
    ['too few labels', batches(1, 4), [1, 2]],
  ])('refuses calibration data with %s', async (_, feeds, labels) => {
    await expect(convert(network(), { feeds, ...(labels && { labels }) })).rejects.toMatchObject({
      code: 'INVALID_DATA',
    });
  });

  it.each([
    [{ centroids: 12 }],
    [{ maxDrop: -1 }],
    [{ maxBytes: 0 }],
    [{ maxBytes: 2000 }],
    [{ maxBytes: 2000, maxDrop: 2 }],
    [{ speedup: 0.5 }],
    [{ speedup: 900 }],
    [{ layers: ['nothing'] }],
    [{ exclude: ['stem.relu'] }],
    [{ encoder: 'tree', centroids: 32 }],
    [{ family: 'none' }],
  ] as [ConvertOptions][])('refuses the options %o', async (options) => {
    await expect(convert(network(), { feeds: batches(1, 2) }, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
