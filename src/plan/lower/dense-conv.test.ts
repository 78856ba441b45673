import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NodeCase, noise, reference, relativeError, runNode } from '../../../test/run-node.js';
import { applyEpilogue } from '../../engine/epilogue.js';
import { Executor } from '../../engine/executor.js';
import { GraphBuilder } from '../../graph/builder.js';
import type { Activation, Node, TensorValue } from '../../graph/types.js';
import { CORE_RUNTIME } from '../core.js';
import { lowerConv } from './dense-conv.js';

const size = (max: number) => fc.integer({ min: 1, max });
const activation = fc.constantFrom<Activation | undefined>(
  undefined,
  { kind: 'Relu' },
  { kind: 'LeakyRelu', alpha: 0.2 },
  { kind: 'Clip', min: -0.5, max: 0.75 },
  { kind: 'HardSwish' },
);

const convolution = fc
  .record({
    batch: size(2),
    groups: fc.constantFrom(1, 1, 2, 3),
    channels: size(7),
    outputs: size(9),
    height: size(13),
    width: size(13),
    kernel: fc.tuple(size(3), size(3)),
    strides: fc.tuple(size(3), size(3)),
    dilations: fc.tuple(size(2), size(2)),
    pads: fc.tuple(...Array.from({ length: 4 }, () => fc.nat(2))),
    bias: fc.boolean(),
    residual: fc.boolean(),
    activation,
    threads: size(3),
    shared: fc.boolean(),
    seed: fc.nat(1000),
  })
  .filter((c) => {
    const room = (n: number, d: 0 | 1) => n + c.pads[d]! + c.pads[d + 2]! - (c.kernel[d] - 1) * c.dilations[d] - 1 >= 0;
    return room(c.height, 0) && room(c.width, 1);
  });
type Case = typeof convolution extends fc.Arbitrary<infer T> ? T : never;

function build(c: Case, depthwise: boolean): { test: NodeCase; expected: Float32Array } {
  const groups = depthwise ? c.channels + 1 : c.groups;
  // One channel per group is the depthwise kernel's business.
  const channels = depthwise ? groups : (c.channels + Math.sign(groups - 1)) * groups;
  const outputs = c.outputs * groups;
  const constants: Record<string, TensorValue> = { w: noise([outputs, channels / groups, ...c.kernel], c.seed + 1) };
  if (c.bias) constants.b = noise([outputs], c.seed + 2);
  const plain: NodeCase = {
    op: 'Conv',
    attributes: { strides: c.strides, dilations: c.dilations, pads: c.pads, group: groups },
    inputs: { x: noise([c.batch, channels, c.height, c.width], c.seed) },
    constants,
  };
  const expected = reference(plain);
  const dims = [c.batch, outputs, ...spatial(c)];
  const residual = c.residual ? noise(dims, c.seed + 3) : undefined;
  const epilogue = { ...(residual && { residual: 'r' }), ...(c.activation && { activation: c.activation }) };
  applyEpilogue(epilogue, { type: 'float32', dims, data: expected }, residual, CORE_RUNTIME.operators);
  const order = ['x', 'w', ...(c.bias ? ['b'] : [])];
  return {
    test: { ...plain, epilogue, order, inputs: { ...plain.inputs, ...(residual && { r: residual }) } },
    expected,
  };
}

function spatial(c: Case): number[] {
  return [c.height, c.width].map((n, d) => {
    const room = n + c.pads[d]! + c.pads[d + 2]! - (c.kernel[d]! - 1) * c.dilations[d]! - 1;
    return Math.floor(room / c.strides[d]!) + 1;
  });
}

describe('Conv', () => {
  for (const depthwise of [false, true]) {
    it(`${depthwise ? 'depthwise' : 'general'}: any shape, epilogue and thread count equals the definition`, () => {
      fc.assert(
        fc.property(convolution, (c) => {
          const { test, expected } = build(c, depthwise);
          const run = runNode(lowerConv, test, c)!;
          expect(run.kernels).toEqual([depthwise ? 'depthwiseConv' : 'conv']);
          expect(relativeError(run.y, expected)).toBeLessThan(2e-6);
          expect(run.y).toEqual(runNode(lowerConv, test, { threads: 1 })!.y);
        }),
        { numRuns: 60 },
      );
    });
  }

  it('spans several tiles with a tail', () => {
    const test: NodeCase = {
      op: 'Conv',
      attributes: { pads: [1, 1, 1, 1] },
      inputs: { x: noise([1, 19, 15, 17], 1) },
      constants: { w: noise([23, 19, 3, 3], 2) },
    };
    for (const threads of [1, 4]) {
      expect(relativeError(runNode(lowerConv, test, { threads })!.y, reference(test))).toBeLessThan(2e-6);
    }
  });

  it('reads nothing above an image, wherever address 0 lies beside it', async () => {
    // Rows of all these lengths reach from the image, behind the weights, to somewhat below the start of the memory.
    for (let width = 40; width <= 1000; width += 40) {
      const test: NodeCase = {
        op: 'Conv',
        attributes: { pads: [1, 1, 1, 1] },
        // The largest value is placed first.
        inputs: { x: noise([1, 4, 3, width], 1) },
        constants: { w: noise([1, 4, 3, 3], 2) },
      };
      const builder = new GraphBuilder();
      const x = builder.input('x', test.inputs.x!.dims);
      builder.output(builder.node('Conv', [x, test.constants!.w!], test.attributes, { outputs: ['y'] }));
      const executor = await Executor.create(builder.build(), CORE_RUNTIME);
      const { y } = executor.run({ x: test.inputs.x! });
      executor.dispose();
      expect(relativeError(y!.data as Float32Array, reference(test))).toBeLessThan(2e-6);
    }
  });

  it('one spatial axis', () => {
    const test: NodeCase = {
      op: 'Conv',
      attributes: { pads: [2, 1], strides: [2] },
      inputs: { x: noise([2, 3, 21], 1) },
      constants: { w: noise([5, 3, 4], 2), b: noise([5], 3) },
    };
    expect(relativeError(runNode(lowerConv, test)!.y, reference(test))).toBeLessThan(2e-6);
  });

  it('writes the quantized planes of a following Encode and nothing else', () => {
    fc.assert(
      fc.property(convolution, fc.integer({ min: 0, max: 127 }), fc.boolean(), (c, zeroPoint, depthwise) => {
        const { test, expected } = build(c, depthwise);
        const scale = Math.fround(0.0317);
        const channels = test.constants!.w!.dims[0]!;
        const pads = [1, 2, 0, 1];
        const [height, width] = spatial(c) as [number, number];
        const encode: Node = {
          name: 'encode',
          op: 'Encode',
          domain: 'lutra',
          inputs: ['y', 'scale', 'zero', 'Q', 'bias'],
          outputs: ['codes'],
          attributes: { K: 2, kernel_shape: [1, 1], group: channels, pads },
        };
        const constants: Record<string, TensorValue> = {
          ...test.constants,
          scale: { type: 'float32', dims: [], data: Float32Array.of(scale) },
          zero: { type: 'uint8', dims: [], data: Uint8Array.of(zeroPoint) },
          Q: { type: 'int8', dims: [channels * 2, 1, 1, 1], data: new Int8Array(channels * 2) },
          bias: { type: 'int32', dims: [channels * 2], data: new Int32Array(channels * 2) },
        };
        const run = runNode(lowerConv, { ...test, constants, readers: [encode] }, c)!;
        const dense = runNode(lowerConv, test)!.y;
        expect(relativeError(dense, expected)).toBeLessThan(2e-6);
        const [planes] = run.lowering.demand('y').quantized;
        expect(run.lowering.isQuantized(planes!)).toBe(true);
        const bytes = run.memory.subarray(run.offset(planes!.buffer));
        for (let plane = 0; plane < c.batch * channels; plane++) {
          for (let y = -1; y < height; y++) {
            for (let x = -2; x < width + 1; x++) {
              const inside = y >= 0 && x >= 0 && x < width;
              const value = inside ? dense[(plane * height + y) * width + x]! : 0;
              const rounded = roundHalfEven(Math.fround(value / scale)) + zeroPoint;
              const byte = bytes[plane * planes!.plane + (y + 1) * planes!.pitch + x + 2];
              expect(byte).toBe(inside ? Math.min(127, Math.max(0, rounded)) : zeroPoint);
            }
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('leaves run-time weights and other types to the host', () => {
    const inputs = { x: noise([1, 2, 4, 4], 1), w: noise([2, 2, 1, 1], 2) };
    expect(runNode(lowerConv, { op: 'Conv', inputs })).toBeUndefined();
  });
});

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
