import { describe, expect, it } from 'vitest';
import { denseCost } from '../../../convert/dense-cost.js';
import type { DenseLayer } from '../../../convert/dense-layers.js';
import { layerCost } from './cost-model.js';
import { type GeometryKind, layoutCodebooks } from './geometry.js';

function denseLayer(kind: DenseLayer['kind'], inputs: number, outputs: number, kernel: number): DenseLayer {
  const pad = (kernel - 1) / 2;
  return {
    node: { name: 'layer', op: 'Conv', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} },
    index: 0,
    kind,
    input: 'x',
    output: 'y',
    weight: new Float32Array(outputs * inputs * kernel ** 2),
    bias: new Float32Array(outputs),
    inputChannels: inputs,
    outputChannels: outputs,
    window: { kernel: [kernel, kernel], strides: [1, 1], pads: [pad, pad, pad, pad] },
    first: false,
    last: false,
  };
}

/** Microseconds of the model. */
function lookups(channels: number, size: number, kind: GeometryKind, g: number, K = 16, encoder?: 'tree'): number {
  const layer = denseLayer('conv', channels, channels, 3);
  const layout = layoutCodebooks(layer, { kind, channels: g, centroids: K });
  return layerCost(layer, layout, encoder ?? 'centroid', [size, size]).nanoseconds / 1000;
}

function linear(rows: number, inputs: number, outputs: number) {
  const layer = denseLayer('linear', inputs, outputs, 1);
  const layout = layoutCodebooks(layer, { kind: 'linear', channels: 32, centroids: 16 });
  return {
    lookups: layerCost(layer, layout, 'centroid', [1, rows]).nanoseconds / 1000,
    dense: denseCost(layer, [1, rows]).nanoseconds / 1000,
  };
}

function dense(channels: number, size: number, outputs: number, kernel = 3): number {
  return denseCost(denseLayer('conv', channels, outputs, kernel), [size, size]).nanoseconds / 1000;
}

describe('the cost model', () => {
  it.each([
    // Channels, size, geometry, microseconds of npm run bench:kernels, relaxed SIMD.
    ['conv 64,32 patch g1 K16', lookups(64, 32, 'patch', 1), 442],
    ['conv 256,8 patch g1 K16', lookups(256, 8, 'patch', 1), 211],
    ['conv 64,32 patch g1 K32', lookups(64, 32, 'patch', 1, 32), 817],
    ['conv 64,32 row g2 K16', lookups(64, 32, 'row', 2), 475],
    ['conv 512,4 row g2 K16', lookups(512, 4, 'row', 2), 216],
    ['conv 64,32 pixel g4 K16', lookups(64, 32, 'pixel', 4), 370],
    ['conv 512,4 pixel g4 K16', lookups(512, 4, 'pixel', 4), 269],
    ['conv 64,32 pixel g8 K16', lookups(64, 32, 'pixel', 8), 261],
    ['conv 64,32 tree g1 K16', lookups(64, 32, 'patch', 1, 16, 'tree'), 212],
    ['matmul 128x768x768 g32 K16', linear(128, 768, 768).lookups, 245],
    // And of npx tsx bench/dense.ts relaxed.
    ['conv 3x3 64→64 32x32', dense(64, 32, 64), 1699],
    ['conv 3x3 16→16 32x32', dense(16, 32, 16), 141],
    ['conv 1x1 64→128 56x56', dense(64, 56, 128, 1), 1489],
    ['matmul 128x768x768', linear(128, 768, 768).dense, 3334],
  ])('is within a third of what was measured: %s', (_, predicted, measured) => {
    expect(predicted / measured).toBeGreaterThan(3 / 4);
    expect(predicted / measured).toBeLessThan(4 / 3);
  });

  it('knows that narrow layers gain least', () => {
    const gain = (channels: number, size: number) =>
      dense(channels, size, channels) / lookups(channels, size, 'patch', 1);
    expect(gain(16, 32)).toBeLessThan(2);
    expect(gain(512, 4)).toBeGreaterThan(8);
  });
});
