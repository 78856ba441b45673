/**
 * Dense kernels against onnxruntime-web's fp32 Wasm backend, one thread each, in Node: `npx tsx bench/dense.ts [simd|relaxed] [name]`
 * (relaxed in Node 20: `node --experimental-wasm-relaxed-simd --import tsx bench/dense.ts relaxed`). Prints the best of several
 * runs in ms and GMAC/s. Both engines alternate, so that a busy machine disturbs both.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { Graph } from '../src/graph/types.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { DENSE_RULES } from '../src/plan/lower/dense.js';
import { type NodeCase, noise, runNode } from '../test/run-node.js';

interface Bench {
  readonly name: string;
  readonly macs: number;
  readonly test: NodeCase;
}

function conv(channels: number, size: number, outputs = channels, kernel = 3, stride = 1, group = 1): Bench {
  const pad = (kernel - 1) >> 1;
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return {
    name: `conv ${kernel}x${kernel} ${channels}→${outputs} ${size}x${size} stride ${stride}${group > 1 ? ' depthwise' : ''}`,
    macs: ((outputs * channels) / group) * kernel ** 2 * out ** 2,
    test: {
      op: 'Conv',
      attributes: { pads: [pad, pad, pad, pad], strides: [stride, stride], group },
      inputs: { x: noise([1, channels, size, size], 1) },
      constants: { w: noise([outputs, channels / group, kernel, kernel], 2), b: noise([outputs], 3) },
    },
  };
}

function matmul(rows: number, depth: number, columns: number): Bench {
  return {
    name: `matmul ${rows}x${depth}x${columns}`,
    macs: rows * depth * columns,
    test: { op: 'MatMul', inputs: { x: noise([rows, depth], 1) }, constants: { w: noise([depth, columns], 2) } },
  };
}

function batchedMatmul(batch: number, rows: number, depth: number, columns: number): Bench {
  return {
    name: `matmul ${batch}x ${rows}x${depth}x${columns} computed`,
    macs: batch * rows * depth * columns,
    test: { op: 'MatMul', inputs: { x: noise([batch, rows, depth], 1), w: noise([batch, depth, columns], 2) } },
  };
}

const BENCHES: readonly Bench[] = [
  conv(3, 32, 64),
  conv(16, 32),
  conv(64, 32),
  conv(128, 16),
  conv(256, 8),
  conv(512, 4),
  conv(64, 56),
  conv(512, 7),
  conv(64, 56, 128, 3, 2),
  conv(3, 224, 64, 7, 2),
  conv(64, 56, 128, 1),
  conv(512, 7, 512, 1),
  conv(64, 56, 64, 3, 1, 64),
  conv(128, 28, 128, 5, 1, 128),
  conv(64, 56, 64, 3, 2, 64),
  matmul(128, 768, 768),
  matmul(128, 768, 3072),
  matmul(1, 768, 3072),
  matmul(16, 512, 10),
  batchedMatmul(12, 128, 64, 128),
];

function graphOf({ op, attributes = {}, inputs, constants = {} }: NodeCase): Graph {
  return {
    name: 'bench',
    opset: { '': 17 },
    inputs: Object.entries(inputs).map(([name, { type, dims }]) => ({ name, type, dims })),
    outputs: [{ name: 'y', type: 'float32', dims: undefined }],
    nodes: [
      {
        name: 'n',
        op,
        domain: '',
        inputs: [...Object.keys(inputs), ...Object.keys(constants)],
        outputs: ['y'],
        attributes,
      },
    ],
    initializers: new Map(Object.entries(constants)),
    metadata: {},
  };
}

async function main(): Promise<void> {
  const wasm = process.argv[2] === 'relaxed' ? 'relaxed' : 'simd';
  const only = process.argv[3] ?? '';
  env.wasm.numThreads = 1;
  console.log(`${'layer'.padEnd(40)} lutra ${wasm}              onnxruntime-web       ratio`);
  for (const { name, macs, test } of BENCHES) {
    if (!name.includes(only)) continue;
    const run = runNode(DENSE_RULES[`:${test.op}`]!, test, { wasm })!;
    const session = await InferenceSession.create(serializeModel(graphOf(test)), { executionProviders: ['wasm'] });
    const feeds = Object.fromEntries(
      Object.entries(test.inputs).map(([key, { data, dims }]) => [
        key,
        new Tensor('float32', data as Float32Array, dims),
      ]),
    );
    let ours = Infinity;
    let theirs = Infinity;
    const rounds = Math.max(20, Math.min(300, 2e9 / macs));
    for (let round = 0; round < rounds; round++) {
      let start = performance.now();
      run.again();
      ours = Math.min(ours, performance.now() - start);
      start = performance.now();
      await session.run(feeds);
      theirs = Math.min(theirs, performance.now() - start);
    }
    await session.release();
    const column = (ms: number) => `${ms.toFixed(3).padStart(8)} ms ${(macs / ms / 1e6).toFixed(1).padStart(5)} GMAC/s`;
    console.log(`${name.padEnd(40)} ${column(ours)}  ${column(theirs)}  ${(theirs / ours).toFixed(2)}`);
  }
}

await main();
