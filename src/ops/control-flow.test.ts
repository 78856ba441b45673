import { describe, expect, it } from 'vitest';
import { runInOnnxRuntime } from '../../test/onnxruntime.js';
import { Executor } from '../engine/executor.js';
import { LutraError } from '../errors.js';
import { tensorValue } from '../graph/tensor.js';
import type { Graph, Node, TensorValue, ValueInfo } from '../graph/types.js';
import { COMPLETE_RUNTIME } from '../plan/complete.js';

const OPSET = { '': 17 };
const node = (op: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node => ({
  name: outputs[0] ?? op,
  op,
  domain: '',
  inputs,
  outputs,
  attributes,
});
const value = (name: string, type: ValueInfo['type'] = 'float32', dims: ValueInfo['dims'] = undefined) => ({
  name,
  type,
  dims,
});
function graph(parts: Partial<Graph> & Pick<Graph, 'nodes' | 'outputs'>): Graph {
  return { name: 'g', opset: OPSET, inputs: [], initializers: new Map(), metadata: {}, ...parts };
}
const f32 = (...data: number[]) => tensorValue('float32', [data.length], Float32Array.from(data));
const bool = (x: boolean) => tensorValue('bool', [], Uint8Array.of(Number(x)));
const int64 = (x: number) => tensorValue('int64', [], BigInt64Array.of(BigInt(x)));

async function run(model: Graph, feeds: Readonly<Record<string, TensorValue>>) {
  const executor = await Executor.create(model, COMPLETE_RUNTIME);
  try {
    return executor.run(feeds);
  } finally {
    executor.dispose();
  }
}

/** Outputs of both. */
async function expectSame(model: Graph, feeds: Readonly<Record<string, TensorValue>>) {
  const [actual, expected] = [await run(model, feeds), await runInOnnxRuntime(model, feeds)];
  for (const { name } of model.outputs) {
    expect(actual[name]!.dims, name).toEqual(expected[name]!.dims);
    expect([...(actual[name]!.data as Float32Array)], name).toEqual([...(expected[name]!.data as Float32Array)]);
  }
}

/** y = if c then x + x (within which another If asks the same) else −x */
function conditional(condition: TensorValue | undefined): Graph {
  const double = graph({ nodes: [node('Add', ['x', 'x'], ['t'])], outputs: [value('t', 'float32', [2])] });
  const same = graph({ nodes: [node('Identity', ['x'], ['t'])], outputs: [value('t', 'float32', [2])] });
  const whenTrue = graph({
    nodes: [node('If', ['c'], ['inner'], { then_branch: double, else_branch: same })],
    outputs: [value('inner', 'float32', [2])],
  });
  const whenFalse = graph({ nodes: [node('Neg', ['x'], ['t'])], outputs: [value('t', 'float32', [2])] });
  return graph({
    inputs: [value('x', 'float32', [2]), ...(condition ? [] : [value('c', 'bool', [])])],
    nodes: [node('If', ['c'], ['y'], { then_branch: whenTrue, else_branch: whenFalse })],
    outputs: [value('y', 'float32', [2])],
    initializers: new Map(condition ? [['c', condition]] : []),
  });
}

describe('If', () => {
  it.each([true, false])('of a constant and of a computed %s equals onnxruntime', async (choice) => {
    const x = f32(3, -4);
    await expectSame(conditional(bool(choice)), { x });
    await expectSame(conditional(undefined), { x, c: bool(choice) });
  });

  it('whose branches give different shapes is planned for the one that is taken', async () => {
    const branch = (dims: number[]) =>
      graph({
        nodes: [node('Identity', ['w'], ['t'])],
        outputs: [value('t')],
        initializers: new Map([['w', tensorValue('float32', dims, new Float32Array(dims[0]!))]]),
      });
    const model = graph({
      inputs: [value('c', 'bool', [])],
      nodes: [node('If', ['c'], ['y'], { then_branch: branch([2]), else_branch: branch([3]) })],
      outputs: [value('y')],
    });
    await expectSame(model, { c: bool(true) });
    await expectSame(model, { c: bool(false) });
  });
});

/** s ← s + x · turn, scanning 2 s; goes on while turn < last. */
function loop(turns: number | undefined, last: number, condition = true): Graph {
  const body = graph({
    inputs: [value('i', 'int64', []), value('go', 'bool', []), value('s', 'float32', [2])],
    nodes: [
      node('Cast', ['i'], ['f'], { to: 1 }),
      node('Mul', ['x', 'f'], ['m']),
      node('Add', ['s', 'm'], ['next']),
      node('Add', ['next', 'next'], ['twice']),
      node('Less', ['i', 'last'], ['more']),
    ],
    outputs: [value('more', 'bool', []), value('next', 'float32', [2]), value('twice', 'float32', [2])],
  });
  return graph({
    inputs: [value('x', 'float32', [2])],
    nodes: [node('Loop', [turns === undefined ? '' : 'M', 'c', 'zero'], ['sum', 'all'], { body })],
    outputs: [value('sum', 'float32', [2]), value('all', 'float32', ['T', 2])],
    initializers: new Map<string, TensorValue>([
      ...(turns === undefined ? [] : [['M', int64(turns)] as const]),
      ['c', bool(condition)],
      ['zero', f32(1, 2)],
      ['last', int64(last)],
    ]),
  });
}

describe('Loop', () => {
  it.each([
    [3, 99],
    [9, 2],
    [undefined, 4],
    [1, 99],
  ])('of at most %s turns, ending after turn %s, equals onnxruntime', (turns, last) =>
    expectSame(loop(turns, last), { x: f32(1, -2) }),
  );

  it('without turns hands its state on', async () => {
    const model = loop(0, 9);
    const alone = { ...model.nodes[0]!, outputs: ['sum', ''] };
    const sum = await run({ ...model, nodes: [alone], outputs: [model.outputs[0]!] }, { x: f32(1, 1) });
    expect([...(sum.sum!.data as Float32Array)]).toEqual([1, 2]);
    await expect(run(model, { x: f32(1, 1) })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('without end is refused', async () => {
    const error = await run(loop(undefined, 1e9), { x: f32(1, 1) }).then(() => undefined, LutraError.from);
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('unrolls') });
  });

  it('whose condition depends on the data is planned for the data at hand', async () => {
    const model = loop(5, 3);
    const body = model.nodes[0]!.attributes.body as Graph;
    const data = {
      ...body,
      nodes: body.nodes.map((inner) => (inner.op === 'Less' ? node('Less', ['first', 'first'], ['more']) : inner)),
    };
    const first = [
      node('ReduceMax', ['x'], ['first'], { keepdims: 0 }),
      { ...model.nodes[0]!, attributes: { body: data } },
    ];
    await expectSame({ ...model, nodes: first }, { x: f32(1, 1) });
  });
});
