import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LutraError } from '../errors.js';
import { allocate, elementCount } from '../graph/tensor.js';
import type { Attribute, DataType, Node, TensorValue } from '../graph/types.js';
import { COMPLETE_OPERATORS, OPERATORS } from './complete.js';

const TYPES: readonly DataType[] = [
  'float32',
  'float32',
  'float32',
  'int64',
  'int64',
  'bool',
  'uint8',
  'int8',
  'int32',
  'float16',
  'string',
];
const ATTRIBUTES =
  'axis axes keepdims kernel_shape strides pads dilations group auto_pad ceil_mode perm mode scales sizes k p size alpha blocksize ' +
  'num_groups num_outputs split starts ends to value output_padding output_shape batch_dims K batch_axis time_axis min max epsilon';

const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.integer({ min: -3, max: 4 }),
  fc.double({ noDefaultInfinity: false }),
  fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 5 }),
  fc.constantFrom('', 'SAME_UPPER', 'linear', 'reflect', 'LEFT'),
  fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
  fc.constant({ type: 'float32', dims: [1], data: Float32Array.of(3) } as const),
);

const value: fc.Arbitrary<TensorValue> = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    fc.array(fc.integer({ min: -3, max: 5 }), { minLength: 1, maxLength: 9 }),
  )
  .map(([type, dims, numbers]) => {
    const result = allocate(type, dims);
    for (let i = 0; i < elementCount(dims); i++) {
      const number = numbers[i % numbers.length]!;
      (result.data as unknown[])[i] = type === 'string' ? 'x' : type.endsWith('64') ? BigInt(number) : number;
    }
    return result;
  });

describe('the lists of operators', () => {
  it('has one entry for every operator and version', () => {
    for (const { domain, name, opset } of OPERATORS) {
      for (let version = opset[0]; version <= opset[1]; version++) {
        const entries = OPERATORS.filter(
          (other) =>
            other.domain === domain && other.name === name && other.opset[0] <= version && version <= other.opset[1],
        );
        expect(entries, `${domain}:${name} ${version}`).toHaveLength(1);
      }
    }
    expect(COMPLETE_OPERATORS.find('', 'Upsample', 11)).toBeUndefined();
    expect(COMPLETE_OPERATORS.find('ai.onnx', 'Relu', 13)?.name).toBe('Relu');
  });

  it('answers anything with a typed error or with results of the inferred types', () => {
    const names = ATTRIBUTES.split(' ');
    const attributes = fc.dictionary(fc.constantFrom(...names), attribute, { maxKeys: 2 });
    const known = fc.constantFrom(...OPERATORS);
    const inputs = fc.array(fc.option(value, { nil: undefined, freq: 8 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        known,
        fc.double({ min: 0, max: 1, noNaN: true }),
        attributes,
        inputs,
        fc.boolean(),
        (operator, at, given, values, alike) => {
          const [min, max] = operator.opset;
          const opset = min + Math.round((max - min) * at);
          // Half of the cases repeat the first input, so that binary operators get past their type checks.
          const fed = alike ? values.map((item) => item && values[0]) : values;
          const node: Node = {
            name: 'n',
            op: operator.name,
            domain: operator.domain,
            inputs: fed.map((item, i) => (item ? `x${i}` : '')),
            outputs: ['y'],
            attributes: given,
          };
          try {
            const types = operator.infer({ node, opset, inputs: fed.map((item) => item && { ...item, value: item }) });
            if (types.some(({ dims }) => elementCount(dims) > 1e6)) return;
            const outputs = types.map(({ type, dims }) => allocate(type, dims));
            operator.evaluate({ node, opset, inputs: fed }, outputs);
            for (const { data, dims } of outputs) expect(data.length).toBe(elementCount(dims));
          } catch (thrown) {
            if (!(thrown instanceof LutraError)) throw thrown;
            expect(['INVALID_MODEL', 'UNSUPPORTED', 'INVALID_ARGUMENT']).toContain(thrown.code);
          }
        },
      ),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 3000) },
    );
  });
});
