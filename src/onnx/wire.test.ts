import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { readModel } from './wire.js';

const MODELS = '../shared/data/onnx-models';

/** Every field that `ours` has must be in `theirs` with an equal value. */
function expectSubset(ours: unknown, theirs: unknown, path: string): void {
  if (ours instanceof Uint8Array) {
    expect(Buffer.compare(ours, theirs as Uint8Array), path).toBe(0);
  } else if (Array.isArray(ours)) {
    expect(ours.length, path).toBe((theirs as unknown[]).length);
    for (const [i, item] of ours.entries()) expectSubset(item, (theirs as unknown[])[i], `${path}[${i}]`);
  } else if (typeof ours === 'object' && ours !== null) {
    for (const [key, value] of Object.entries(ours)) {
      expectSubset(value, (theirs as Record<string, unknown>)[key], `${path}.${key}`);
    }
  } else {
    expect(ours, path).toEqual(theirs);
  }
}

describe.skipIf(!existsSync(MODELS))('readModel on real networks', () => {
  for (const name of existsSync(MODELS) ? readdirSync(MODELS).filter((file) => file.endsWith('.onnx')) : []) {
    it(`reads ${name} as onnx-buf does`, () => {
      const bytes = new Uint8Array(readFileSync(`${MODELS}/${name}`));
      expectSubset(readModel(bytes), fromBinary(ModelProtoSchema, bytes), 'model');
    });
  }
});

describe('readModel', () => {
  it('refuses a message that nests without end', () => {
    // Model.graph ⊃ Graph.node ⊃ Node.attribute ⊃ Attribute.g ⊃ …, 100 deep.
    let bytes: number[] = [];
    const wrap = (field: number) => {
      const length: number[] = [];
      for (let n = bytes.length; ; n >>>= 7) {
        length.push((n & 127) | (n > 127 ? 128 : 0));
        if (n < 128) break;
      }
      bytes = [(field << 3) | 2, ...length, ...bytes];
    };
    for (let i = 0; i < 100; i++) for (const field of [6, 5, 1]) wrap(field);
    wrap(7);
    expect(() => readModel(Uint8Array.from(bytes))).toThrow(/deep/);
  });
});
