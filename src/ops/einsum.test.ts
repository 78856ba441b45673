import { describe, expect, it } from 'vitest';
import { expectSame, filled, infer } from '../../test/support/operators.js';

describe('Einsum', () => {
  it.each<[string, ...number[][]]>([
    ['ij,jk->ik', [3, 4], [4, 5]],
    ['bij,bjk->bik', [2, 3, 4], [2, 4, 5]],
    ['bhid,bhjd->bhij', [2, 2, 3, 4], [2, 2, 5, 4]],
    ['...ij,...jk->...ik', [2, 3, 4], [2, 4, 5]],
    ['ij->ji', [3, 4]],
    ['ij->', [3, 4]],
    ['ii->i', [4, 4]],
    ['i,i', [4], [4]],
    ['ba', [3, 4]],
    ['i, j -> i j', [3], [4]],
  ])('%s equals onnxruntime', (equation, ...shapes) =>
    expectSame({
      op: 'Einsum',
      opset: 12,
      inputs: shapes.map((dims, i) => filled(dims, i + 1)),
      attributes: { equation },
    }),
  );

  it.each([
    [
      'ij,jk->ik',
      [
        [3, 4],
        [5, 6],
      ],
      'sizes of "j"',
    ],
    ['ij->ik', [[3, 4]], 'result'],
    ['ijk->i', [[3, 4]], 'rank'],
    ['i,j->ij', [[3]], 'number of terms'],
    ['i.j->ij', [[3, 4]], 'equation'],
  ])('%s of [%s] is refused', (equation, shapes, message) => {
    const inputs = shapes.map((dims) => filled(dims));
    expect(() => infer({ op: 'Einsum', opset: 12, inputs, attributes: { equation } })).toThrow(message);
  });
});
