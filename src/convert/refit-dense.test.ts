import { describe, expect, it } from 'vitest';
import type { Node } from '../graph/types.js';
import type { DenseLayer } from './dense-layers.js';
import { seededRandom } from './random.js';
import { denseNode, refitDense } from './refit-dense.js';

const random = seededRandom(71);
const noise = (count: number) => Float32Array.from({ length: count }, () => random() * 2 - 1);

function denseLayer(op: 'Conv' | 'Gemm' | 'MatMul', O: number, C: number, k: number): DenseLayer {
  const node: Node = { name: 'layer', op, domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: { alpha: 2 } };
  return {
    node,
    index: 0,
    kind: op === 'Conv' ? 'conv' : 'linear',
    input: 'x',
    output: 'y',
    weight: noise(O * C * k * k),
    bias: op === 'MatMul' ? new Float32Array(O) : noise(O),
    inputChannels: C,
    outputChannels: O,
    window: { kernel: [k, k], strides: [1, 1], pads: [k >> 1, k >> 1, k >> 1, k >> 1] },
    first: false,
    last: false,
  };
}

/** Convolution with odd kernels, stride 1 and full padding, by definition. @returns [n · H · W, O] */
function convolve(x: Float32Array, n: number, H: number, W: number, { weight, bias, ...s }: DenseLayer): Float32Array {
  const { inputChannels: C, outputChannels: O } = s;
  const k = s.window.kernel[0];
  const out = new Float32Array(n * H * W * O);
  for (let i = 0; i < n; i++)
    for (let y = 0; y < H; y++)
      for (let z = 0; z < W; z++)
        for (let o = 0; o < O; o++) {
          let sum = bias[o]!;
          for (let c = 0; c < C; c++)
            for (let a = 0; a < k; a++)
              for (let b = 0; b < k; b++) {
                const [row, column] = [y + a - (k >> 1), z + b - (k >> 1)];
                if (row < 0 || row >= H || column < 0 || column >= W) continue;
                sum += weight[((o * C + c) * k + a) * k + b]! * x[((i * C + c) * H + row) * W + column]!;
              }
          out[((i * H + y) * W + z) * O + o] = sum;
        }
  return out;
}

describe('refitting a dense layer', () => {
  it('finds the weights that made the targets, wherever it starts', () => {
    const truth = denseLayer('Conv', 3, 2, 3);
    const start = denseLayer('Conv', 3, 2, 3);
    const [n, H, W] = [40, 7, 5];
    const x = noise(n * 2 * H * W);
    const targets = convolve(x, n, H, W, truth);
    const positions = Uint32Array.from({ length: n * H * W }, (_, i) => i);
    const batches = [x.subarray(0, 2 * H * W * 11), x.subarray(2 * H * W * 11)];
    const { weight, bias } = refitDense(start, { channels: 2, height: H, width: W, batches }, targets, positions);
    // The ridge holds back a few per cent of the change.
    weight.forEach((w, i) => {
      expect(Math.abs(w - truth.weight[i]!)).toBeLessThan(0.06 * Math.abs(start.weight[i]! - truth.weight[i]!) + 0.02);
    });
    bias.forEach((b, i) => {
      expect(b).toBeCloseTo(truth.bias[i]!, 1);
    });
  });

  it('leaves weights alone that are right already', () => {
    const truth = denseLayer('Gemm', 4, 6, 1);
    const x = noise(200 * 6);
    const positions = Uint32Array.from({ length: 200 }, (_, i) => i);
    const targets = convolve(x, 200, 1, 1, truth);
    const { weight, bias } = refitDense(truth, { channels: 6, height: 1, width: 1, batches: [x] }, targets, positions);
    weight.forEach((w, i) => {
      expect(w).toBeCloseTo(truth.weight[i]!, 5);
    });
    bias.forEach((b, i) => {
      expect(b).toBeCloseTo(truth.bias[i]!, 5);
    });
  });

  it('gives a MatMul no bias and its weights in its own order', () => {
    const start = denseLayer('MatMul', 2, 3, 1);
    const x = noise(90);
    const positions = Uint32Array.from({ length: 30 }, (_, i) => i);
    const fitted = refitDense(
      start,
      { channels: 3, height: 1, width: 1, batches: [x] },
      new Float32Array(60).fill(5),
      positions,
    );
    expect([...fitted.bias]).toEqual([0, 0]);
    const initializers = new Map();
    const node = denseNode(start, fitted, (hint) => `${hint}~`, initializers);
    expect(node.inputs).toEqual(['x', 'layer.weight~']);
    const { dims, data } = initializers.get('layer.weight~');
    expect(dims).toEqual([3, 2]);
    expect(data[1]).toBe(fitted.weight[3]);
  });

  it('drops the factors of a Gemm, which its weights include', () => {
    const start = denseLayer('Gemm', 2, 3, 1);
    const node = denseNode(start, start, (hint) => hint, new Map());
    expect(node.attributes).toEqual({ transB: 1 });
    expect(node.inputs).toEqual(['x', 'layer.weight', 'layer.bias']);
  });
});
