import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../src/graph/builder.js';
import { optimize } from '../src/graph/passes/optimize.js';
import { allocate } from '../src/graph/tensor.js';
import type { Attribute, DataType, Graph, TensorValue } from '../src/graph/types.js';
import { LutraError } from '../src/index.js';
import { COMPLETE_RUNTIME } from '../src/plan/complete.js';
import { plan } from '../src/plan/plan.js';

const HUGE = 2 ** 31 - 1;
const int64 = (...values: number[]): TensorValue => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const scalar = (value: number): TensorValue => ({ ...int64(value), dims: [] });
const floats = (...values: number[]): TensorValue => ({
  type: 'float32',
  dims: [values.length],
  data: Float32Array.from(values),
});

/** Loads and plans as a session does; returns the error. */
function refusal(graph: Graph): LutraError {
  try {
    const inputs = graph.inputs.map(({ name, type, dims }) => [name, { type, dims: dims as number[] }]);
    plan(optimize(graph, COMPLETE_RUNTIME), COMPLETE_RUNTIME, Object.fromEntries(inputs), { threads: 1 });
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(LutraError);
    return thrown as LutraError;
  }
  throw new Error('nothing was refused');
}

type Case = [what: string, op: string, inputs: (string | TensorValue)[], attributes?: Record<string, Attribute>];

function graphOf([, op, inputs, attributes = {}]: Case, dims: number[], type: DataType): Graph {
  const b = new GraphBuilder({ opset: 17 });
  b.input('x', dims, type);
  b.output(b.node(op, inputs, attributes, { name: 'big', outputs: ['y'] }));
  return b.build();
}

/** From a small input, and from constants alone: what is folded must be bounded, too. */
const COMPUTED: Case[] = [
  ['Pad to a huge axis', 'Pad', ['x', int64(0, HUGE - 4, 0, 0)]],
  ['Pad of a constant', 'Pad', [floats(1), int64(0, 2 ** 40)]],
  ['Tile often', 'Tile', ['x', int64(1, 2 ** 30)]],
  ['Tile whose product overflows', 'Tile', [floats(1), int64(2 ** 53)]],
  ['Expand along one axis', 'Expand', ['x', int64(HUGE, 2, 2)]],
  ['Expand whose product overflows', 'Expand', [floats(1), int64(...new Array(20).fill(2 ** 30))]],
  ['ConstantOfShape', 'ConstantOfShape', [int64(HUGE, HUGE)]],
  ['ConstantOfShape with an empty axis', 'ConstantOfShape', [int64(0, HUGE, 2)]],
  ['Range', 'Range', [scalar(0), scalar(2 ** 40), scalar(1)]],
  ['OneHot', 'OneHot', [int64(0), scalar(HUGE), int64(0, 1)]],
  ['Resize', 'Resize', ['x', '', floats(1, 1e9)]],
  ['Resize to sizes', 'Resize', ['x', '', '', int64(HUGE, HUGE)]],
];

describe('a size that is computed', () => {
  it.each(COMPUTED)('%s is refused before it is allocated', (...parts) => {
    const error = refusal(graphOf(parts as Case, [2, 2], 'float32'));
    expect(['OUT_OF_MEMORY', 'UNSUPPORTED', 'INVALID_MODEL']).toContain(error.code);
    expect(error.node).toContain('big');
  });

  it.each<DataType>(['bool', 'string'])('no tensor of %s may be longer than memory', (type) => {
    expect(() => allocate(type, [2 ** 31])).toThrow(LutraError);
    expect(() => allocate(type, [2 ** 20, 2 ** 20, 2 ** 20])).toThrow(LutraError);
  });
});

describe('a size that is declared', () => {
  const DECLARED: Case[] = [
    ['Pad', 'Pad', ['x', int64(1, 1)], { mode: 'edge' }],
    ['Tile', 'Tile', ['x', int64(2)]],
    ['Transpose', 'Transpose', ['x']],
    ['Slice', 'Slice', ['x', int64(0), int64(4)]],
    ['Shape', 'Shape', ['x']],
    ['MaxPool', 'MaxPool', ['x'], { kernel_shape: [1] }],
  ];
  for (const type of ['uint8', 'float32'] as const) {
    it.each(DECLARED)(`ends %s of ${type} quickly`, (...parts) => {
      const graph = graphOf(parts as Case, [HUGE], type);
      try {
        optimize(graph, COMPLETE_RUNTIME);
        refusal(graph);
      } catch (thrown) {
        // A slice of bytes that fit into memory is valid.
        expect((thrown as Error).message).toBe('nothing was refused');
      }
    });
  }
});

describe('control flow', () => {
  it('a Scan over a long axis is refused before its nodes are made', () => {
    const body = new GraphBuilder();
    body.output(body.node('Relu', [body.input('part', [])], {}, { outputs: ['part_y'] }));
    const b = new GraphBuilder();
    const x = b.input('x', [2 ** 28]);
    b.output(b.node('Scan', [x], { body: body.build(), num_scan_inputs: 1 }, { name: 'big', outputs: ['y'] }));
    const error = refusal(b.build());
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.node).toContain('big');
  });

  it('constants that are computed together stay within the memory of a plan', () => {
    const b = new GraphBuilder();
    const shape = int64(2 ** 26, 4);
    const parts = [1, 2, 3, 4, 5, 6].map((value) =>
      b.node('ConstantOfShape', [shape], { value: { ...floats(value) } as TensorValue }),
    );
    const x = b.input('x', [2 ** 26, 4]);
    b.output(b.node('Sum', [x, ...parts], {}, { outputs: ['y'] }));
    expect(refusal(b.build()).code).toBe('OUT_OF_MEMORY');
  });
});
