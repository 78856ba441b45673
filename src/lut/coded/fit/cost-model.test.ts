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
    // Channels, size, geometry, microseconds of bench/forms.ts (apart, less the 30 of a run), relaxed SIMD.
    ['conv 64,32 patch g1 K16', lookups(64, 32, 'patch', 1), 640],
    ['conv 256,8 patch g1 K16', lookups(256, 8, 'patch', 1), 306],
    ['conv 64,32 row g2 K16', lookups(64, 32, 'row', 2), 535],
    ['conv 64,32 row g1 K32', lookups(64, 32, 'row', 1, 32), 1131],
    ['conv 256,8 row g1 K32', lookups(256, 8, 'row', 1, 32), 1432],
    ['conv 128,16 pixel g1 K16', lookups(128, 16, 'pixel', 1), 1477],
    ['conv 64,32 pixel g2 K16', lookups(64, 32, 'pixel', 2), 811],
    ['conv 256,8 pixel g2 K16', lookups(256, 8, 'pixel', 2), 915],
    ['conv 64,32 pixel g4 K16', lookups(64, 32, 'pixel', 4), 450],
    ['conv 128,16 pixel g4 K32', lookups(128, 16, 'pixel', 4, 32), 517],
    ['matmul 128x768x768 g32 K16', linear(128, 768, 768).lookups, 292],
    ['conv 64,32 tree g1 K16 (bench:kernels)', lookups(64, 32, 'patch', 1, 16, 'tree'), 212],
    ['conv 3x3 64→64 32x32', dense(64, 32, 64), 1828],
    ['conv 3x3 16→16 32x32', dense(16, 32, 16), 156],
    ['conv 1x1 64→64 32x32', dense(64, 32, 64, 1), 288],
    ['matmul 128x768x768', linear(128, 768, 768).dense, 4104],
  ])('is within a third of what was measured: %s', (_, predicted, measured) => {
    expect(predicted / measured).toBeGreaterThan(3 / 4);
    expect(predicted / measured).toBeLessThan(4 / 3);
  });

  it('knows that narrow layers gain least', () => {
    const gain = (channels: number, size: number) =>
      dense(channels, size, channels) / lookups(channels, size, 'patch', 1);
    expect(gain(16, 32)).toBeLessThan(2);
    expect(gain(512, 4)).toBeGreaterThan(4);
  });
});
