import { describe, expect, it } from 'vitest';
import type { DenseLayer } from '../../../convert/dense-layers.js';
import type { Planes } from '../../../convert/gather.js';
import { seededRandom } from '../../../convert/random.js';
import { outputSize, type Pads } from '../../window.js';
import type { Geometry } from './geometry.js';
import { fittingChannels, layoutCodebooks, weightSlice } from './geometry.js';
import { gatherPoints } from './points.js';
import { sampleRows } from './samples.js';

function denseLayer(C: number, O: number, kernel: [number, number], strides: [number, number], pads: Pads): DenseLayer {
  const random = seededRandom(41);
  return {
    node: { name: 'conv', op: 'Conv', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} },
    index: 0,
    kind: 'conv',
    input: 'x',
    output: 'y',
    weight: Float32Array.from({ length: O * C * kernel[0] * kernel[1] }, () => random() - 0.5),
    bias: new Float32Array(O),
    inputChannels: C,
    outputChannels: O,
    window: { kernel, strides, pads },
    first: false,
    last: false,
  };
}

/** A convolution by its definition. @returns [O, height, width] */
function convolve(layer: DenseLayer, x: Float32Array, H: number, W: number): number[] {
  const { inputChannels: C, outputChannels: O, weight } = layer;
  const [kh, kw] = layer.window.kernel;
  const [height, width] = outputSize(layer.window, [H, W]);
  const out: number[] = [];
  for (let o = 0; o < O; o++) {
    for (let y = 0; y < height; y++) {
      for (let xx = 0; xx < width; xx++) {
        let sum = 0;
        for (let c = 0; c < C; c++) {
          for (let i = 0; i < kh; i++) {
            for (let j = 0; j < kw; j++) {
              const row = y * layer.window.strides[0] + i - layer.window.pads[0];
              const column = xx * layer.window.strides[1] + j - layer.window.pads[1];
              if (row < 0 || row >= H || column < 0 || column >= W) continue;
              sum += weight[((o * C + c) * kh + i) * kw + j]! * x[(c * H + row) * W + column]!;
            }
          }
        }
        out.push(sum);
      }
    }
  }
  return out;
}

describe('codebook layouts', () => {
  const geometries: Geometry[] = [
    { kind: 'patch', channels: 1, centroids: 8 },
    { kind: 'patch', channels: 2, centroids: 8 },
    { kind: 'row', channels: 2, centroids: 8 },
    { kind: 'pixel', channels: 4, centroids: 8 },
  ];
  const layers = [
    denseLayer(4, 3, [3, 3], [1, 1], [1, 1, 1, 1]),
    denseLayer(4, 2, [3, 2], [2, 1], [0, 1, 2, 0]),
    denseLayer(4, 3, [1, 1], [2, 2], [0, 0, 0, 0]),
  ];

  it.each(geometries.flatMap((geometry) => layers.map((layer) => ({ geometry, layer, kernel: layer.window.kernel }))))(
    'cut a convolution $kernel into $geometry.kind of $geometry.channels without losing a product',
    ({ geometry, layer }) => {
      const [H, W] = [7, 6];
      const random = seededRandom(42);
      const data = Float32Array.from({ length: 4 * H * W }, () => Math.floor(random() * 128));
      const planes: Planes = { channels: 4, height: H, width: W, batches: [data] };
      for (const layout of [layoutCodebooks(layer, geometry), layoutCodebooks(layer, geometry, true)]) {
        const [ch, cw] = outputSize(layout.encode, [H, W]);
        const [oh, ow] = outputSize(layout.lookup, [ch, cw]);
        expect([oh, ow]).toEqual([...outputSize(layer.window, [H, W])]);
        const points = gatherPoints(
          planes,
          layout,
          Uint32Array.from({ length: ch * cw }, (_, i) => i),
        );
        const expected = convolve(layer, data, H, W);
        const v = layout.values;
        for (let o = 0; o < layer.outputChannels; o++) {
          for (let y = 0; y < oh; y++) {
            for (let x = 0; x < ow; x++) {
              let sum = 0;
              for (let c = 0; c < layout.codebooks; c++) {
                for (let tap = 0; tap < layout.taps; tap++) {
                  const row =
                    y * layout.lookup.strides[0] + Math.floor(tap / layout.lookup.kernel[1]) - layout.lookup.pads[0];
                  const column = x * layout.lookup.strides[1] + (tap % layout.lookup.kernel[1]) - layout.lookup.pads[1];
                  if (row < 0 || row >= ch || column < 0 || column >= cw) continue;
                  const slice = weightSlice(layer, layout, c, tap);
                  for (let j = 0; j < v; j++) sum += slice[o * v + j]! * points[c]![(row * cw + column) * v + j]!;
                }
              }
              expect(sum).toBeCloseTo(expected[(o * oh + y) * ow + x]!, 3);
            }
          }
        }
      }
    },
  );

  it('reduces channels to a divisor', () => {
    expect([fittingChannels(100, 32), fittingChannels(7, 4), fittingChannels(3, 8), fittingChannels(64, 4)]).toEqual([
      25, 1, 3, 4,
    ]);
  });
});

describe('sampleRows', () => {
  it.each([
    ['patch', 3],
    ['row', 3],
    ['pixel', 3],
    ['pixel', 1],
  ] as const)('gives the rows that %s codes select, tap by tap of a kernel of %i', (kind, kernel) => {
    const pad = (kernel - 1) / 2;
    const layer = denseLayer(4, 2, [kernel, kernel], [2, 1], [pad, pad, pad, pad]);
    const layout = layoutCodebooks(layer, { kind, channels: 2, centroids: 8 }, true);
    const random = seededRandom(43);
    const [H, W, images] = [5, 4, 3];
    const [oh, ow] = outputSize(layer.window, [H, W]);
    const [ch, cw] = outputSize(layout.encode, [H, W]);
    const plane = layout.codebooks * ch * cw;
    const all = Uint8Array.from({ length: images * plane }, () => Math.floor(random() * 8));
    const batches = [all.subarray(0, 2 * plane), all.subarray(2 * plane)];
    const codes = { channels: layout.codebooks, height: ch, width: cw, batches };
    const positions = Uint32Array.from({ length: images * oh * ow }, (_, i) => i).filter((i) => i % 3 !== 1);
    const samples = sampleRows(codes, { height: oh, width: ow }, layout, positions);
    expect(samples).toMatchObject({ count: positions.length, unknowns: 8 * samples.slots });
    positions.forEach((position, n) => {
      const image = Math.floor(position / (oh * ow));
      const y = Math.floor((position % (oh * ow)) / ow);
      const x = position % ow;
      for (let slot = 0; slot < samples.slots; slot++) {
        const [c, tap] = [Math.floor(slot / layout.taps), slot % layout.taps];
        const row = y * layout.lookup.strides[0] + Math.floor(tap / layout.lookup.kernel[1]) - layout.lookup.pads[0];
        const column = x * layout.lookup.strides[1] + (tap % layout.lookup.kernel[1]) - layout.lookup.pads[1];
        const inside = row >= 0 && row < ch && column >= 0 && column < cw;
        const code = all[((image * layout.codebooks + c) * ch + row) * cw + column]!;
        expect(samples.rows[n * samples.slots + slot]).toBe(inside ? slot * 8 + code : samples.unknowns);
      }
    });
  });
});
