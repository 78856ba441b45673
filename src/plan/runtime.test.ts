import { describe, expect, it } from 'vitest';
import { relativeDifference, runInOnnxRuntime, toOrt } from '../../test/onnxruntime.js';
import { float32, noise } from '../../test/run-node.js';
import { bindDeclared } from '../../test/support/bind.js';
import { Executor } from '../engine/executor.js';
import { GraphBuilder } from '../graph/builder.js';
import { optimize } from '../graph/passes/optimize.js';
import type { Graph } from '../graph/types.js';
import { define, elements, FLOAT, input, likeInput } from '../ops/define.js';
import { COMPLETE_RUNTIME } from './complete.js';
import { CORE_RUNTIME } from './core.js';
import { plan } from './plan.js';
import { extendRuntime } from './runtime.js';

function convolutional(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', ['N', 3, 9, 9]);
  const y = b.node('Relu', [b.node('Conv', [x, noise([4, 3, 3, 3], 1), noise([4], 2)], { pads: [1, 1, 1, 1] })]);
  const z = b.node('Add', [b.node('Conv', [y, noise([4, 4, 3, 3], 3)], { pads: [1, 1, 1, 1] }), y]);
  const pooled = b.node('Flatten', [b.node('GlobalAveragePool', [b.node('MaxPool', [z], { kernel_shape: [2, 2] })])]);
  b.output(b.node('Softmax', [b.node('Gemm', [pooled, noise([4, 5], 4)])]));
  return b.build();
}

/** A 1 × 1 lookup layer of two codebooks of one channel, with a Relu behind it. */
function lookup(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', ['N', 2, 5, 7]);
  const bytes = (dims: readonly number[], seed: number) => {
    const { data } = noise(dims, seed);
    return { type: 'int8' as const, dims, data: Int8Array.from(data as Float32Array, (value) => value * 127) };
  };
  const [scale, zeroPoint] = [b.floats([], [1 / 64]), { type: 'uint8' as const, dims: [], data: Uint8Array.of(64) }];
  const biases = { type: 'int32' as const, dims: [32], data: Int32Array.from({ length: 32 }, (_, i) => i * 40 - 600) };
  const domain = { domain: 'lutra' };
  const search = [x, scale, zeroPoint, bytes([32, 1, 1, 1], 1), biases];
  const codes = b.node('Encode', search, { K: 16, kernel_shape: [1, 1], group: 2 }, domain);
  const table = [bytes([6, 32, 1, 1], 2), float32([6], () => 1 / 100), noise([6], 3)];
  b.output(b.node('Relu', [b.node('LookUp', [codes, ...table], { K: 16, kernel_shape: [1, 1] }, domain)]));
  return b.build();
}

async function differenceFromOnnxRuntime(graph: Graph, runtime: typeof CORE_RUNTIME): Promise<number> {
  const dims = [2, ...graph.inputs[0]!.dims!.slice(1).map(Number)];
  const executor = await Executor.create(graph, runtime);
  const [actual] = Object.values(executor.run({ x: noise(dims, 7) }));
  executor.dispose();
  const [expected] = Object.values(await runInOnnxRuntime(graph, { x: noise(dims, 7) }));
  return relativeDifference(expected!, toOrt(actual!));
}

const unary = (op: string, domain = '') => {
  const b = new GraphBuilder();
  b.output(b.node(op, [b.input('x', ['N', 4])], {}, { domain }));
  return b.build();
};
const x = { x: { type: 'float32', dims: [2, 4] } } as const;

describe('the runtime of the core worker', () => {
  it.each([
    ['convolutional', convolutional, ['Conv', 'Conv', 'MaxPool', 'GlobalAveragePool', 'Flatten', 'Gemm', 'Softmax']],
    ['lookup', lookup, ['Encode', 'LookUp']],
  ])('runs a %s network on kernels alone', async (_, build, ops) => {
    const graph = optimize(build(), CORE_RUNTIME);
    expect(bindDeclared(graph, {}, CORE_RUNTIME).nodes.map(({ op }) => op)).toEqual(ops);
    const dims = [2, ...graph.inputs[0]!.dims!.slice(1).map(Number)];
    const { steps } = plan(graph, CORE_RUNTIME, { x: { type: 'float32', dims } }, { threads: 1 });
    expect(steps.filter(({ kind }) => kind === 'host')).toEqual([]);
    expect(await differenceFromOnnxRuntime(build(), CORE_RUNTIME)).toBeLessThan(1e-5);
  });

  it.each([
    ['Erf', ''],
    ['Gelu', 'com.microsoft'],
  ])('refuses by name what only the complete one has: %s', (op, domain) => {
    const made = () => plan(unary(op, domain), CORE_RUNTIME, x, { threads: 1 });
    expect(made).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', node: expect.stringContaining(`${op}_0`) }));
    expect(plan(unary(op, domain), COMPLETE_RUNTIME, x, { threads: 1 }).steps).toHaveLength(1);
  });

  it('does not know the rules and passes of the complete one', () => {
    const kinds = (runtime: typeof CORE_RUNTIME) => plan(unary('Round'), runtime, x, { threads: 1 }).steps[0]!.kind;
    expect([kinds(CORE_RUNTIME), kinds(COMPLETE_RUNTIME)]).toEqual(['host', 'kernel']);
  });
});

describe('extendRuntime', () => {
  const square = define({
    name: 'Square',
    domain: 'lutra',
    opset: [1, 1],
    types: [FLOAT],
    infer: likeInput,
    evaluate(context, [y]) {
      const [values, out] = [input(context), elements(y!)];
      for (let i = 0; i < out.length; i++) out[i] = values[i]! ** 2;
    },
  });

  it('adds operators, rules and passes, and leaves the runtime that it extends alone', async () => {
    const graph = unary('Square', 'lutra');
    const extended = extendRuntime(CORE_RUNTIME, { operators: [square] });
    const executor = await Executor.create(graph, extended);
    const [y] = Object.values(executor.run({ x: float32([2, 4], (i) => i - 3) }));
    executor.dispose();
    expect([...(y!.data as Float32Array)]).toEqual([9, 4, 1, 0, 1, 4, 9, 16]);
    expect(() => plan(graph, CORE_RUNTIME, x, { threads: 1 })).toThrow('lutra:Square');

    const asked: string[] = [];
    const note = (what: string) => (value: Graph) => {
      asked.push(what);
      return value;
    };
    const noted = extendRuntime(extended, {
      rules: { 'lutra:Square': (_, node) => asked.push(node.op) < 0 },
      passes: { first: [note('first')], last: [note('last')], plan: [note('plan')] },
    });
    plan(optimize(graph, noted), noted, x, { threads: 1 });
    expect(asked).toEqual(['first', 'last', 'plan', 'Square']);
  });
});
