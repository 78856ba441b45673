/**
 * What a search on float activations would cost and change (docs/decisions/008-search-runs-on-integers.md):
 * `npx tsx bench/float-search.ts MODEL.lut.onnx IMAGES`.
 */

import { readFileSync } from 'node:fs';
import { batches } from '../src/data/batches.js';
import { openDataset } from '../src/data/node-open.js';
import { readPreprocess } from '../src/data/preprocess-spec.js';
import { Executor } from '../src/engine/executor.js';
import { GraphBuilder } from '../src/graph/builder.js';
import { METADATA } from '../src/graph/metadata.js';
import type { Graph, Node, TensorValue } from '../src/graph/types.js';
import { ENCODE, LOOK_UP } from '../src/lut/coded/spec.js';
import { LOOKUP_DOMAIN } from '../src/lut/domain.js';
import { inputsOf, isNode } from '../src/lut/operator.js';
import { parseModel } from '../src/onnx/parse.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { WeightSource } from './networks/weights.js';

const K = 16;
const RUNS = 60;
const IMAGES = 16;

/** Least milliseconds of one run, input and output copies included. */
async function least(graph: Graph, x: TensorValue): Promise<number> {
  const executor = await Executor.create(graph, COMPLETE_RUNTIME, { threads: 1, wasm: 'simd' });
  let best = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    executor.run({ x });
    best = Math.min(best, performance.now() - start);
  }
  executor.dispose();
  return best;
}

/** Encode of one-channel 3×3 patches, and the float scores it would need: a grouped convolution, without the search for the highest. */
async function time(C: number, size: number): Promise<void> {
  const weights = new WeightSource(3);
  const dims = [C * K, 1, 3, 3];
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: C };
  const float = new GraphBuilder({ opset: 13 });
  float.output(
    float.node('Conv', [float.input('x', [1, C, size, size]), weights.he(dims), weights.small([C * K])], attributes),
  );
  const integer = new GraphBuilder({ opset: 13 });
  const Q = Int8Array.from(weights.he(dims).data as Float32Array, (w) => Math.round(w * 30));
  integer.output(
    integer.node(
      ENCODE.name,
      [
        integer.input('x', [1, C, size, size]),
        integer.floats([], [1 / 64]),
        { type: 'uint8', dims: [], data: Uint8Array.of(0) },
        { type: 'int8', dims, data: Q },
        { type: 'int32', dims: [C * K], data: new Int32Array(C * K) },
      ],
      { ...attributes, K, strides: [1, 1] },
      { domain: LOOKUP_DOMAIN },
    ),
    undefined,
    'uint8',
  );
  const x = weights.he([1, C, size, size]);
  const [encode, scores] = [await least(integer.build(), x), await least(float.build(), x)];
  console.log(`${C} channels, ${size}×${size}: Encode ${encode.toFixed(3)} ms, float scores ${scores.toFixed(3)} ms`);
}

/** Codes by the same scores on activations that were not quantized. */
function floatCodes(graph: Graph, node: Node, x: TensorValue, codes: TensorValue): Uint8Array {
  const inputs = inputsOf(ENCODE, node);
  const constant = (input: keyof typeof inputs) => graph.initializers.get(inputs[input])!;
  const scale = (constant('x_scale').data as Float32Array)[0]!;
  const [rows, g, kh, kw] = constant('Q').dims as [number, number, number, number];
  const Q = constant('Q').data as Int8Array;
  const b = constant('b').data as Int32Array;
  const centroids = node.attributes.K as number;
  const [sy, sx] = (node.attributes.strides as number[] | undefined) ?? [1, 1];
  const [top, left] = (node.attributes.pads as number[] | undefined) ?? [0, 0];
  const [N, C, H, W] = x.dims as [number, number, number, number];
  const [, B, height, width] = codes.dims as [number, number, number, number];
  const data = x.data as Float32Array;
  const found = new Uint8Array(codes.data.length);
  let at = 0;
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < B; c++) {
      for (let y = 0; y < height; y++) {
        for (let z = 0; z < width; z++, at++) {
          let best = -Infinity;
          for (let k = 0; k < rows / B; k++) {
            const row = c * centroids + k;
            let score = b[row]!;
            for (let j = 0; j < g * kh * kw; j++) {
              const iy = y * sy! + Math.floor((j % (kh * kw)) / kw) - top!;
              const ix = z * sx! + (j % kw) - left!;
              if (iy < 0 || ix < 0 || iy >= H || ix >= W) continue;
              const channel = c * g + Math.floor(j / (kh * kw));
              score += (Q[row * g * kh * kw + j]! * data[((n * C + channel) * H + iy) * W + ix]!) / scale;
            }
            if (score > best) {
              best = score;
              found[at] = k;
            }
          }
        }
      }
    }
  }
  return found;
}

/** Squared change of a layer's sums by other codes, relative to their variance. */
function outputChange(graph: Graph, name: string, codes: TensorValue, other: Uint8Array): number {
  const lookUps = graph.nodes.filter((node) => isNode(LOOK_UP, node)).map((node) => inputsOf(LOOK_UP, node));
  const table = graph.initializers.get(lookUps.find(({ codes }) => codes === name)!.table)!;
  const [M, rows, th, tw] = table.dims as [number, number, number, number];
  const entries = table.data as Int8Array;
  const [N, B, height, width] = codes.dims as [number, number, number, number];
  const is = codes.data as Uint8Array;
  const area = height * width;
  let change = 0;
  let variance = 0;
  for (let m = 0; m < M; m += 8) {
    let sum = 0;
    let squares = 0;
    for (let p = 0; p < N * area; p++) {
      let [a, b] = [0, 0];
      for (let c = 0; c < B; c++) {
        const at = (Math.floor(p / area) * B + c) * area + (p % area);
        const row = (code: number) => (m * rows + (c * rows) / B + code) * th * tw;
        for (let tap = 0; tap < th * tw; tap++) {
          a += entries[row(is[at]!) + tap]!;
          b += entries[row(other[at]!) + tap]!;
        }
      }
      change += (a - b) ** 2;
      sum += a;
      squares += a * a;
    }
    variance += squares - sum ** 2 / (N * area);
  }
  return change / variance;
}

for (const [channels, size] of [
  [64, 32],
  [128, 16],
  [64, 16],
] as const) {
  await time(channels, size);
}
const [model, images] = process.argv.slice(2);
if (!model || !images) throw new Error('usage: npx tsx bench/float-search.ts MODEL.lut.onnx IMAGES');
const graph = parseModel(new Uint8Array(readFileSync(model)));
const dataset = await openDataset(images);
const order = Array.from({ length: IMAGES }, (_, i) => Math.floor((i * dataset.count) / IMAGES));
const encodes = graph.nodes.filter((node) => isNode(ENCODE, node));
const watched = [...new Set(encodes.flatMap((node) => [inputsOf(ENCODE, node).x, node.outputs[0]!]))];
const outputs = watched.map((name) => ({ name, type: 'float32', dims: undefined }) as const);
const executor = await Executor.create({ ...graph, outputs }, COMPLETE_RUNTIME, { threads: 1 });
for await (const { input } of batches(dataset, order, IMAGES, readPreprocess(graph.metadata[METADATA.preprocess]!))) {
  const values = executor.run({ [graph.inputs[0]!.name]: input });
  for (const node of encodes) {
    const codes = values[node.outputs[0]!]!;
    const other = floatCodes(graph, node, values[inputsOf(ENCODE, node).x]!, codes);
    const differ = other.reduce((sum, code, i) => sum + Number(code !== (codes.data as Uint8Array)[i]), 0);
    const share = ((100 * differ) / other.length).toFixed(2);
    console.log(
      `${node.name}: ${share} % of codes, ${(100 * outputChange(graph, node.outputs[0]!, codes, other)).toFixed(2)} % of output`,
    );
  }
}
executor.dispose();
