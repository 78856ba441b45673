import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Executor } from '../engine/executor.js';
import { LutraError } from '../errors.js';
import { elementCount, tensorValue } from '../graph/tensor.js';
import type { DataType, Graph, Node, TensorValue } from '../graph/types.js';
import { KERNELS } from '../kernels/list.js';
import { COMPLETE_OPERATORS } from '../ops/complete.js';
import { COMPLETE_RUNTIME } from './complete.js';
import { plan } from './plan.js';
import { resolve } from './resolve.js';

let names = 0;
function node(op: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node {
  return { name: `n${names++}`, op, domain: '', inputs, outputs, attributes };
}

function graph(nodes: Node[], outputs: string[], initializers: Record<string, TensorValue> = {}): Graph {
  return {
    name: 'test',
    opset: { '': 17 },
    inputs: [{ name: 'x', type: 'float32', dims: undefined }],
    outputs: outputs.map((name) => ({ name, type: 'float32', dims: undefined })),
    nodes,
    initializers: new Map(Object.entries(initializers)),
    metadata: {},
  };
}

const x = (...dims: number[]) => ({ x: { type: 'float32' as DataType, dims } });
const ints = (...values: number[]) => tensorValue('int64', [values.length], BigInt64Array.from(values, BigInt));
const ramp = (...dims: number[]) =>
  tensorValue(
    'float32',
    dims,
    Float32Array.from({ length: elementCount(dims) }, (_, i) => i - 3),
  );

async function run(network: Graph, value: TensorValue): Promise<Record<string, TensorValue>> {
  const executor = await Executor.create(network, COMPLETE_RUNTIME);
  const result = executor.run({ x: value });
  executor.dispose();
  return result;
}

function failure(task: () => unknown): LutraError {
  try {
    task();
  } catch (thrown) {
    if (thrown instanceof LutraError) return thrown;
  }
  throw new Error('no LutraError was thrown');
}

const apply = { Neg: (a: number) => -a, Abs: Math.abs, Relu: (a: number) => Math.max(a, 0) };

describe('resolve', () => {
  it('computes shape arithmetic away', () => {
    const network = graph(
      [
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'zero'], ['n'], { axis: 0 }),
        node('Concat', ['n', 'rest'], ['t'], { axis: 0 }),
        node('Reshape', ['x', 't'], ['y']),
      ],
      ['y'],
      { zero: ints(0), rest: ints(-1) },
    );
    const concrete = resolve(network, COMPLETE_OPERATORS, x(4, 3, 5));
    expect(concrete.nodes.map(({ op }) => op)).toEqual(['Reshape']);
    expect(concrete.types.get('y')).toEqual({ type: 'float32', dims: [4, 15] });
  });

  it('names every node that cannot run, and only live ones', () => {
    const network = graph(
      [
        node('Relu', ['x'], ['a']),
        node('Frobnicate', ['a'], ['b']),
        node('Relu', ['b'], ['c']),
        node('Blur', ['c'], ['y']),
        node('Dead', ['x'], ['unused']),
      ],
      ['y'],
    );
    const error = failure(() => resolve(network, COMPLETE_OPERATORS, x(2)));
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.message).toContain('Frobnicate');
    expect(error.message).toContain('Blur');
    expect(error.message).not.toContain('Dead');
  });

  it('says of such a node what it asks for, and what would run', () => {
    const attributes = { center_point_box: 1, mode: 'fast' };
    const suppression = { ...node('NonMaxSuppression', ['x'], ['y']), attributes };
    const error = failure(() => resolve(graph([suppression], ['y']), COMPLETE_OPERATORS, x(2)));
    expect(error.message).toContain('"center_point_box":1');
    expect(error.hint).toContain('JavaScript');
    const old = failure(() =>
      resolve({ ...graph([node('GridSample', ['x'], ['y'])], ['y']) }, COMPLETE_OPERATORS, x(2)),
    );
    expect(old.hint).toContain('before the network');
    const foreign = { ...node('Relu', ['x'], ['y']), domain: 'com.microsoft' };
    expect(failure(() => resolve(graph([foreign], ['y']), COMPLETE_OPERATORS, x(2))).hint).toBe(
      'The standard Relu runs',
    );
    const late = { ...graph([node('LayerNormalization', ['x'], ['y'])], ['y']), opset: { '': 13 } };
    expect(failure(() => resolve(late, COMPLETE_OPERATORS, x(2))).hint).toContain('Versions 17 to');
  });

  it('refuses absurd sizes before allocating them', () => {
    expect(
      failure(() => resolve(graph([node('Relu', ['x'], ['y'])], ['y']), COMPLETE_OPERATORS, x(2 ** 20, 2 ** 20))).code,
    ).toBe('OUT_OF_MEMORY');
    const filled = graph([node('ConstantOfShape', ['n'], ['c']), node('Add', ['c', 'x'], ['y'])], ['y'], {
      n: ints(2 ** 30),
    });
    expect(['OUT_OF_MEMORY', 'UNSUPPORTED']).toContain(failure(() => resolve(filled, COMPLETE_OPERATORS, x(1))).code);
  });

  it('refuses a missing input and an output that nothing makes', () => {
    expect(failure(() => resolve(graph([node('Relu', ['x'], ['y'])], ['y']), COMPLETE_OPERATORS, {})).code).toBe(
      'INVALID_ARGUMENT',
    );
    expect(failure(() => resolve(graph([], ['y']), COMPLETE_OPERATORS, x(1))).code).toBe('INVALID_MODEL');
    expect(failure(() => resolve(graph([node('Relu', ['z'], ['y'])], ['y']), COMPLETE_OPERATORS, x(1))).code).toBe(
      'INVALID_MODEL',
    );
  });
});

describe('plan', () => {
  it('writes parameter blocks that point into the memory', () => {
    const network = graph([node('MatMul', ['x', 'w'], ['m']), node('Relu', ['m'], ['y'])], ['y'], { w: ramp(6, 4) });
    const made = plan(network, COMPLETE_RUNTIME, x(3, 6), { threads: 2 });
    const blocks = made.constants.find(({ label }) => label === 'parameter blocks')!;
    const step = made.steps.find((candidate) => candidate.kind === 'kernel' && candidate.kernel === 'matmul')!;
    if (step.kind !== 'kernel') throw new Error('unreachable');
    const field = (name: string): number =>
      new DataView(blocks.data.buffer).getInt32(
        step.params - blocks.offset + 4 * (KERNELS.matmul as readonly string[]).indexOf(name),
        true,
      );
    expect(field('depth')).toBe(6);
    expect(field('left')).toBe(made.inputs[0]!.offset);
    expect(field('output')).toBeGreaterThan(0);
    expect(field('output')).toBeLessThan(made.memoryBytes);
    expect(made.inputs).toEqual([{ name: 'x', type: 'float32', dims: [3, 6], offset: field('left') }]);
  });

  it('lets values of different times share a place', () => {
    const chain = Array.from({ length: 20 }, (_, i) => node('Erf', [i ? `v${i}` : 'x'], [`v${i + 1}`]));
    const made = plan(graph(chain, ['v20']), COMPLETE_RUNTIME, x(1000), { threads: 1 });
    expect(made.usage.arena).toBeLessThan(3 * 4200);
  });

  it('is pure', () => {
    const network = graph([node('MatMul', ['x', 'w'], ['y'])], ['y'], { w: ramp(6, 4) });
    expect(plan(network, COMPLETE_RUNTIME, x(3, 6), { threads: 1 })).toEqual(
      plan(network, COMPLETE_RUNTIME, x(3, 6), { threads: 1 }),
    );
  });
});

describe('a planned graph', () => {
  it('stores what a reader without a kernel needs, although it looked as if planes would do', async () => {
    const weights: TensorValue = { type: 'int8', dims: [4, 2, 1, 1], data: Int8Array.of(9, -9, -9, 9, 9, 9, -9, -9) };
    const encode: Node = {
      name: 'encode',
      op: 'Encode',
      domain: 'lutra',
      // The weights are an input: no kernel takes them.
      inputs: ['r', 'scale', 'zero', 'q', 'bias'],
      outputs: ['codes'],
      attributes: { K: 4, kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], group: 1 },
    };
    const made = (outputs: string[]): Graph => ({
      ...graph([node('Conv', ['x', 'w'], ['c']), node('Reshape', ['c', 'shape'], ['r']), encode], [], {
        w: ramp(2, 2, 1, 1),
        shape: ints(3, 2, 1, 1),
        scale: tensorValue('float32', [], Float32Array.of(0.5)),
        zero: tensorValue('uint8', [], Uint8Array.of(60)),
        bias: tensorValue('int32', [4], new Int32Array(4)),
      }),
      opset: { '': 17, lutra: 1 },
      inputs: [
        { name: 'x', type: 'float32', dims: undefined },
        { name: 'q', type: 'int8', dims: undefined },
      ],
      outputs: outputs.map((name) => ({ name, type: name === 'codes' ? 'uint8' : 'float32', dims: undefined })),
    });
    const codes: TensorValue[] = [];
    for (const outputs of [['codes'], ['codes', 'c']]) {
      const executor = await Executor.create(made(outputs), COMPLETE_RUNTIME);
      codes.push(executor.run({ x: ramp(1, 2, 1, 3), q: weights }).codes!);
      executor.dispose();
    }
    expect(codes[0]).toEqual(codes[1]);
    expect(new Set(codes[0]!.data as Uint8Array).size).toBeGreaterThan(1);
  });

  it('hands inputs, constants and the same value twice to outputs', async () => {
    const constant = ramp(2);
    const result = await run(graph([node('Identity', ['x'], ['y'])], ['x', 'y', 'c'], { c: constant }), ramp(2, 3));
    expect(result.x).toEqual(ramp(2, 3));
    expect(result.y).toEqual(ramp(2, 3));
    expect(result.c).toEqual(constant);
  });

  it('runs with zero-size tensors', async () => {
    const network = graph([node('Relu', ['x'], ['r']), node('Concat', ['r', 'c'], ['y'], { axis: 0 })], ['r', 'y'], {
      c: ramp(2, 3),
    });
    const result = await run(network, ramp(0, 3));
    expect(result.r).toEqual(ramp(0, 3));
    expect(result.y).toEqual(ramp(2, 3));
  });

  it('skips dead branches and unused outputs', async () => {
    const network = graph(
      [node('Split', ['x'], ['a', 'b'], { axis: 0 }), node('Erf', ['b'], ['dead']), node('Neg', ['a'], ['y'])],
      ['y'],
    );
    expect((await run(network, ramp(4))).y!.data).toEqual(Float32Array.of(3, 2));
  });

  it('keeps an epilogue behind an operator that has no kernel for it', async () => {
    const fused: Node = {
      ...node('Conv', ['x', 'w'], ['y'], { kernel_shape: [1, 1, 1] }),
      epilogue: { residual: 'x', activation: { kind: 'Clip', min: -1, max: 4 } },
    };
    const network = graph([fused], ['y'], { w: tensorValue('float32', [1, 1, 1, 1, 1], Float32Array.of(2)) });
    const { y } = await run(network, ramp(1, 1, 1, 1, 8));
    expect(y!.data).toEqual((ramp(8).data as Float32Array).map((value) => Math.min(Math.max(3 * value, -1), 4)));
  });

  it('keeps every value alive as long as it is read', async () => {
    const ops = ['Neg', 'Abs', 'Relu'] as const;
    const step = fc.record({ op: fc.constantFrom(...ops), left: fc.nat(), right: fc.nat(), add: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const nodes: Node[] = [];
        const values = [Array.from(ramp(7).data as Float32Array)];
        for (const { op, left, right, add } of steps) {
          const [a, b] = [left % values.length, right % values.length];
          const name = (index: number) => (index ? `v${index}` : 'x');
          const output = name(values.length);
          if (add) {
            nodes.push(node('Sub', [name(a), name(b)], [output]));
            values.push(values[a]!.map((value, i) => Math.fround(value - values[b]![i]!)));
          } else {
            nodes.push(node(op, [name(a)], [output]));
            values.push(values[a]!.map(apply[op]));
          }
        }
        const last = values.length - 1;
        const middle = Math.ceil(last / 2);
        const result = await run(graph(nodes, [...new Set([`v${middle}`, `v${last}`])]), ramp(7));
        for (const index of [middle, last]) {
          expect(Array.from(result[`v${index}`]!.data as Float32Array, (v) => v + 0)).toEqual(
            values[index]!.map((v) => v + 0),
          );
        }
      }),
      { numRuns: 40 },
    );
  });
});
