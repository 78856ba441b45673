import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../src/graph/builder.js';
import type { DataType } from '../src/graph/types.js';
import { serializeModel } from '../src/onnx/serialize.js';
import { checkModel } from './model-check.js';

const MODELS = '../shared/data/onnx-models';

function model(build: (b: GraphBuilder, x: string) => string, type: DataType = 'float32', out = type): Uint8Array {
  const b = new GraphBuilder();
  b.output(build(b, b.input('x', ['N', 3], type)), undefined, out);
  return serializeModel(b.build());
}

describe('checkModel', () => {
  it('says how far a network that runs is from onnxruntime', async () => {
    const bytes = model((b, x) => b.node('Softmax', [b.node('Exp', [x])]));
    const result = await checkModel(bytes, { dimensions: { N: 4 } });
    expect(result).toMatchObject({ ok: true, outputs: 1, feeds: ['x: float32[4,3]'] });
    expect(result.max_rel_error).toBeLessThan(1e-6);
  });

  it.each<DataType>(['float16', 'int64', 'uint8', 'float64'])('feeds and compares %s', async (type) => {
    const result = await checkModel(model((b, x) => b.node('Concat', [x, x], { axis: 0 }), type));
    expect(result).toMatchObject({ ok: true, max_rel_error: 0 });
  });

  it('names the node that does not run', async () => {
    const bytes = model((b, x) => b.node('Det', [b.node('Unsqueeze', [x, b.ints(0)])], {}, { name: 'area' }));
    expect(await checkModel(bytes)).toMatchObject({ ok: false, error: { code: 'UNSUPPORTED', node: 'area (Det)' } });
  });

  it('answers bytes that are no model', async () => {
    expect(await checkModel(new Uint8Array([1, 2, 3]))).toMatchObject({ ok: false, error: { code: 'INVALID_MODEL' } });
  });

  it('tells a failure of onnxruntime from one of its own', async () => {
    // Gelu is an operator since opset 20 only; Lutra also takes it from older files.
    expect(await checkModel(model((b, x) => b.node('Gelu', [x])))).toMatchObject({
      ok: false,
      error: { code: 'REFERENCE' },
    });
  });

  it('asks for a shape that the network does not declare', async () => {
    const b = new GraphBuilder();
    b.output(b.node('Relu', [b.input('x', undefined)]));
    const bytes = serializeModel(b.build());
    expect(await checkModel(bytes)).toMatchObject({
      ok: false,
      error: { code: 'INVALID_ARGUMENT', hint: 'Give --shape' },
    });
    expect(await checkModel(bytes, { shapes: { x: [2, 2] }, fills: { x: -3 } })).toMatchObject({ ok: true });
  });

  it.skipIf(!existsSync(MODELS))('finds a quantized network equal to integer kernels', async () => {
    const result = await checkModel(readFileSync(`${MODELS}/mobilenetv2_quant_static.onnx`));
    expect(result).toMatchObject({ ok: true, max_rel_error: 0 });
    expect(result.reference_spread).toBeGreaterThan(0.1);
  });

  it.skipIf(!existsSync(MODELS))('compares a trained network', async () => {
    expect(await checkModel(readFileSync(`${MODELS}/mnist-8.onnx`), { seed: 5 })).toMatchObject({ ok: true });
  });
});
