import { describe, expect, it } from 'vitest';
import { randomGraph } from '../../test/random-graph.js';
import { LutraError } from '../errors.js';
import { GraphBuilder } from '../graph/builder.js';
import type { Graph } from '../graph/types.js';
import { verifyContentHash } from './content-hash.js';
import { parseModel } from './parse.js';
import { serializeModel, withContentHash } from './serialize.js';

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof LutraError && error.code === code;
}

describe('serializeModel', () => {
  it('keeps the kind of attributes whose value is a whole number', () => {
    const b = new GraphBuilder();
    const x = b.input('x', ['N', 4]);
    const y = b.node('LeakyRelu', [x], { alpha: 1 });
    b.output(b.node('LayerNormalization', [y, b.floats([4], [1, 1, 1, 1])], { axis: -1, epsilon: 1 }));
    const graph = b.build();
    expect(parseModel(serializeModel(graph))).toEqual(graph);
  });

  it('keeps subgraphs, strings, metadata and unknown ranks', () => {
    const branch = (op: string): Graph => ({
      name: op,
      opset: { '': 17 },
      inputs: [],
      outputs: [{ name: `${op}_out`, type: 'float32', dims: undefined }],
      nodes: [{ name: op, op, domain: '', inputs: ['x'], outputs: [`${op}_out`], attributes: {} }],
      initializers: new Map(),
      metadata: {},
    });
    const b = new GraphBuilder({ metadata: { 'lutra.labels': '["a","é"]' } });
    b.input('x', undefined);
    const condition = b.input('c', [], 'bool');
    b.output(b.node('If', [condition], { then_branch: branch('Relu'), else_branch: branch('Neg') }));
    b.constant({ type: 'string', dims: [2], data: ['a', 'é'] });
    const graph = b.build();
    expect(parseModel(serializeModel(graph))).toEqual(graph);
  });

  it('refuses an epilogue, and lookup operators in an old opset', () => {
    const { graph } = randomGraph(1);
    const fused = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, epilogue: {} })) };
    expect(() => serializeModel(fused)).toThrow(expect.toSatisfy(hasCode('INVALID_ARGUMENT')));
    const b = new GraphBuilder({ opset: 11 });
    b.output(b.node('LookUp', [b.input('x', [1])], {}, { domain: 'lutra' }));
    expect(() => serializeModel(b.build())).toThrow(expect.toSatisfy(hasCode('UNSUPPORTED')));
  });
});

describe('content hash', () => {
  it('matches what it was made for and nothing else', async () => {
    const { graph } = randomGraph(3);
    expect(await verifyContentHash(serializeModel(graph))).toBe('absent');
    const hashed = await withContentHash({ ...graph, metadata: { 'lutra.version': '1' } });
    const bytes = serializeModel(hashed);
    expect(await verifyContentHash(bytes)).toBe('match');
    expect(await withContentHash(hashed)).toEqual(hashed);
    const damaged = bytes.slice();
    damaged[Math.floor(bytes.length / 2)]! ^= 1;
    expect(await verifyContentHash(damaged)).toBe('mismatch');
    const other = serializeModel({ ...hashed, metadata: { ...hashed.metadata, 'lutra.labels': '[]' } });
    expect(await verifyContentHash(other)).toBe('mismatch');
  });

  it('rejects what is no message with a typed error', async () => {
    await expect(verifyContentHash(Uint8Array.of(0x0a, 0xff, 0xff))).rejects.toSatisfy(hasCode('INVALID_MODEL'));
  });
});
