import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type FunctionProtoSchema, type GraphProtoSchema, ModelProtoSchema, type TensorProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { mutate, mutations } from '../../test/mutate-bytes.js';
import { randomGraph } from '../../test/random-graph.js';
import { LutraError } from '../errors.js';
import type { TensorValue } from '../graph/types.js';
import { parseModel } from './parse.js';
import { serializeModel } from './serialize.js';

type GraphInit = MessageInitShape<typeof GraphProtoSchema>;
type FunctionInit = MessageInitShape<typeof FunctionProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

const value = (name: string, elemType = 1, dims: number[] = [2]) => ({
  name,
  type: {
    value: {
      case: 'tensorType' as const,
      value: {
        elemType,
        shape: { dim: dims.map((dim) => ({ value: { case: 'dimValue' as const, value: BigInt(dim) } })) },
      },
    },
  },
});

function file(graph: GraphInit, functions: FunctionInit[] = [], opset = 17, irVersion = 8n): Uint8Array {
  const opsetImport = [
    { domain: '', version: BigInt(opset) },
    ...functions.map(({ domain = '' }) => ({ domain, version: 1n })),
  ];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion, opsetImport, graph, functions }));
}

const relu = (input: string, output: string, name = '') => ({ opType: 'Relu', input: [input], output: [output], name });
const simple = { name: 'g', input: [value('x')], output: [value('y')], node: [relu('x', 'y')] };

function failure(bytes: Uint8Array): LutraError {
  try {
    parseModel(bytes);
  } catch (error) {
    if (error instanceof LutraError) return error;
    throw error;
  }
  throw new Error('parsed');
}

function initializer(tensor: TensorInit): TensorValue {
  return parseModel(file({ ...simple, initializer: [{ ...tensor, name: 'w' }] })).initializers.get('w')!;
}

describe('parseModel', () => {
  it('gives back what serializeModel wrote', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { graph } = randomGraph(seed);
        expect(parseModel(serializeModel(graph))).toEqual(graph);
      }),
      { numRuns: 20 },
    );
  });

  it('reads every field that a tensor may be stored in', () => {
    expect(initializer({ dataType: 1, dims: [2n], floatData: [1.5, -2] }).data).toEqual(Float32Array.of(1.5, -2));
    expect(initializer({ dataType: 11, dims: [1n], doubleData: [0.1] }).data).toEqual(Float64Array.of(0.1));
    expect(initializer({ dataType: 7, dims: [1n], int64Data: [-5n] }).data).toEqual(BigInt64Array.of(-5n));
    expect(initializer({ dataType: 13, dims: [1n], uint64Data: [2n ** 64n - 1n] }).data).toEqual(
      BigUint64Array.of(2n ** 64n - 1n),
    );
    expect(initializer({ dataType: 12, dims: [1n], uint64Data: [2n ** 32n - 1n] }).data).toEqual(
      Uint32Array.of(2 ** 32 - 1),
    );
    expect(initializer({ dataType: 10, dims: [1n], int32Data: [0x3c00] }).data).toEqual(Uint16Array.of(0x3c00));
    expect(initializer({ dataType: 3, dims: [2n], int32Data: [-128, 127] }).data).toEqual(Int8Array.of(-128, 127));
    expect(initializer({ dataType: 2, dims: [1n], int32Data: [255] }).data).toEqual(Uint8Array.of(255));
    expect(initializer({ dataType: 9, dims: [2n], int32Data: [0, 7] }).data).toEqual(Uint8Array.of(0, 1));
    expect(initializer({ dataType: 9, dims: [2n], rawData: Uint8Array.of(0, 7) }).data).toEqual(Uint8Array.of(0, 1));
    expect(initializer({ dataType: 8, dims: [1n], stringData: [new TextEncoder().encode('é')] }).data).toEqual(['é']);
    expect(initializer({ dataType: 1, dims: [0n, 3n] }).data).toEqual(new Float32Array(0));
    expect(initializer({ dataType: 6, dims: [], int32Data: [9] })).toEqual({
      type: 'int32',
      dims: [],
      data: Int32Array.of(9),
    });
  });

  it('reads raw data at every alignment', () => {
    const data = Float32Array.of(1, -2, 3.25);
    for (let length = 0; length < 8; length++) {
      const bytes = file({
        ...simple,
        name: 'x'.repeat(length),
        initializer: [{ name: 'w', dataType: 1, dims: [3n], rawData: new Uint8Array(data.buffer) }],
      });
      expect(parseModel(bytes).initializers.get('w')!.data).toEqual(data);
      // Bytes that start anywhere in their buffer, as a Node Buffer does.
      expect(
        parseModel(Buffer.concat([Buffer.alloc(length), bytes]).subarray(length)).initializers.get('w')!.data,
      ).toEqual(data);
    }
  });

  it('makes constants of every form initializers', () => {
    const constant = (name: string, attribute: object) => ({
      opType: 'Constant',
      output: [name],
      attribute: [attribute],
    });
    const { initializers, nodes } = parseModel(
      file({
        ...simple,
        node: [
          constant('a', { name: 'value', type: 4, t: { dataType: 1, dims: [1n], floatData: [4] } }),
          constant('b', { name: 'value_int', type: 2, i: 2n ** 63n - 1n }),
          constant('c', { name: 'value_ints', type: 7, ints: [1n, 2n] }),
          constant('d', { name: 'value_float', type: 1, f: 0.5 }),
          constant('e', { name: 'value_floats', type: 6, floats: [1, 2] }),
          constant('f', { name: 'value_string', type: 3, s: new TextEncoder().encode('s') }),
          relu('x', 'y'),
        ],
      }),
    );
    expect(nodes.map(({ op }) => op)).toEqual(['Relu']);
    expect(Object.fromEntries(initializers)).toEqual({
      a: { type: 'float32', dims: [1], data: Float32Array.of(4) },
      b: { type: 'int64', dims: [], data: BigInt64Array.of(2n ** 63n - 1n) },
      c: { type: 'int64', dims: [2], data: BigInt64Array.of(1n, 2n) },
      d: { type: 'float32', dims: [], data: Float32Array.of(0.5) },
      e: { type: 'float32', dims: [2], data: Float32Array.of(1, 2) },
      f: { type: 'string', dims: [], data: ['s'] },
    });
  });

  it('sorts nodes, names the nameless, and does not count initializers as inputs', () => {
    const graph = parseModel(
      file({
        name: 'g',
        input: [value('x'), value('w')],
        initializer: [{ name: 'w', dataType: 1, dims: [2n], floatData: [1, 2] }],
        output: [value('y')],
        node: [relu('h', 'y', 'same'), { opType: 'Add', input: ['x', 'w'], output: ['h'], name: 'same' }],
      }),
    );
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Add', 'Relu']);
    expect(new Set(graph.nodes.map(({ name }) => name)).size).toBe(2);
  });

  it('inlines functions with attribute references, defaults and passed-through values', () => {
    const body: FunctionInit = {
      name: 'Twice',
      domain: 'mine',
      input: ['a'],
      output: ['out', 'a'],
      attribute: ['slope'],
      attributeProto: [{ name: 'slope2', type: 1, f: 0.75 }],
      node: [
        {
          opType: 'LeakyRelu',
          name: 'n',
          input: ['a'],
          output: ['h'],
          attribute: [{ name: 'alpha', refAttrName: 'slope', type: 1 }],
        },
        {
          opType: 'LeakyRelu',
          name: 'n',
          input: ['h'],
          output: ['out'],
          attribute: [{ name: 'alpha', refAttrName: 'slope2', type: 1 }],
        },
      ],
      opsetImport: [{ domain: '', version: 17n }],
    };
    const call = (input: string, outputs: string[]) => ({
      opType: 'Twice',
      domain: 'mine',
      input: [input],
      output: outputs,
      attribute: [{ name: 'slope', type: 1, f: 0.25 }],
    });
    const graph = parseModel(
      file({ ...simple, node: [call('x', ['h', 'same']), call('h', ['z']), relu('z', 'y')] }, [body]),
    );
    expect(graph.nodes.map(({ op, attributes }) => [op, attributes.alpha])).toEqual([
      ['LeakyRelu', 0.25],
      ['LeakyRelu', 0.75],
      ['Identity', undefined],
      ['LeakyRelu', 0.25],
      ['LeakyRelu', 0.75],
      ['Relu', undefined],
    ]);
    const produced = graph.nodes.flatMap(({ outputs }) => outputs);
    expect(new Set(produced).size).toBe(produced.length);
    expect(new Set(graph.nodes.map(({ name }) => name)).size).toBe(6);
  });

  it('refuses functions without end', () => {
    const calls = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        opType: 'F',
        domain: 'mine',
        input: ['a'],
        output: [i ? `t${i}` : 'out'],
      }));
    const body = (count: number): FunctionInit => ({
      name: 'F',
      domain: 'mine',
      input: ['a'],
      output: ['out'],
      node: calls(count),
    });
    const node = [{ opType: 'F', domain: 'mine', input: ['x'], output: ['y'] }];
    expect(failure(file({ ...simple, node }, [body(1)])).message).toContain('recurse');
    expect(failure(file({ ...simple, node }, [body(2)])).code).toBe('INVALID_MODEL');
    const chain = Array.from({ length: 30 }, (_, level): FunctionInit => {
      const inner = { opType: level < 29 ? `F${level + 1}` : 'Relu', domain: level < 29 ? 'mine' : '' };
      const nodes = ['h', 'out'].map((output, i) => ({ ...inner, input: [i ? 'h' : 'a'], output: [output] }));
      return { name: `F${level}`, domain: 'mine', input: ['a'], output: ['out'], node: nodes };
    });
    expect(failure(file({ ...simple, node: [{ ...node[0]!, opType: 'F0' }] }, chain)).message).toContain('expand');
  });

  const text = (content: string) => new TextEncoder().encode(content);
  it.each<[string, Uint8Array, string, string]>([
    ['an empty file', new Uint8Array(0), 'INVALID_MODEL', 'empty'],
    ['a web page', text('\n <!DOCTYPE html><html>'), 'INVALID_MODEL', 'HTML'],
    ['text', text('Not found'), 'INVALID_MODEL', 'text'],
    ['a Git LFS pointer', text('version https://git-lfs.github.com/spec/v1\n'), 'INVALID_MODEL', 'LFS'],
    ['an old opset', file(simple, [], 6), 'UNSUPPORTED', 'opset'],
    ['an old IR', file(simple, [], 17, 1n), 'UNSUPPORTED', 'too old'],
    ['a cycle', file({ ...simple, node: [relu('y', 'h'), relu('h', 'y')] }), 'INVALID_MODEL', 'cycle'],
    ['a name defined twice', file({ ...simple, node: [relu('x', 'y'), relu('x', 'y')] }), 'INVALID_MODEL', 'twice'],
    [
      'an unknown value',
      file({ ...simple, node: [relu('nowhere', 'y', 'n')] }),
      'INVALID_MODEL',
      'n (Relu): nothing computes',
    ],
    ['an output that nothing computes', file({ ...simple, node: [] }), 'INVALID_MODEL', 'nothing computes the output'],
    ['no outputs', file({ ...simple, output: [] }), 'INVALID_MODEL', 'no outputs'],
    [
      'an unknown domain',
      file({ ...simple, node: [{ ...relu('x', 'y'), domain: 'other' }] }),
      'INVALID_MODEL',
      'does not import',
    ],
    ['bfloat16', file({ ...simple, input: [value('x', 16)] }), 'UNSUPPORTED', 'bfloat16'],
    ['a huge dimension', file({ ...simple, input: [value('x', 1, [2 ** 40])] }), 'INVALID_MODEL', 'dimension'],
  ])('refuses %s', (_, bytes, code, message) => {
    const error = failure(bytes);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it.each<[string, TensorInit, string, string]>([
    ['external data', { dataType: 1, dims: [1n], dataLocation: 1 }, 'UNSUPPORTED', 'another file'],
    ['segments', { dataType: 1, dims: [1n], segment: {} }, 'UNSUPPORTED', 'segment'],
    ['missing data', { dataType: 1, dims: [5n], floatData: [1] }, 'INVALID_MODEL', 'expected 5 elements'],
    ['short raw data', { dataType: 1, dims: [5n], rawData: new Uint8Array(19) }, 'INVALID_MODEL', 'expected 20 bytes'],
    ['a negative dimension', { dataType: 1, dims: [-1n] }, 'INVALID_MODEL', 'dimension -1'],
    [
      'a size beyond 2^31',
      { dataType: 1, dims: [65536n, 65536n], rawData: new Uint8Array(4) },
      'INVALID_MODEL',
      'too large',
    ],
    ['4-bit integers', { dataType: 22, dims: [1n] }, 'UNSUPPORTED', 'int4'],
    ['an unknown type', { dataType: 99, dims: [1n] }, 'INVALID_MODEL', '99'],
  ])('refuses a tensor with %s', (_, tensor, code, message) => {
    const error = failure(file({ ...simple, initializer: [{ ...tensor, name: 'w' }] }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).toContain('"w"');
  });

  it('gives a graph or a typed error for any bytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), mutations, (seed, mutation) => {
        const bytes = mutate(serializeModel(randomGraph(seed, 6).graph), mutation);
        try {
          parseModel(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(LutraError);
          expect(['INVALID_MODEL', 'UNSUPPORTED']).toContain((error as LutraError).code);
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 400) },
    );
  });
});
