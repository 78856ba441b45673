import { describe, expect, it } from 'vitest';
import { tensorValue } from '../graph/tensor.js';
import type { Graph, Node } from '../graph/types.js';
import { findDenseLayers } from './dense-layers.js';
import { findRelu } from './relu.js';

function graph(nodes: readonly Partial<Node>[], outputs = ['y']): Graph {
  const scalar = (x: number) => tensorValue('float32', [], Float32Array.of(x));
  return {
    name: 'g',
    opset: { '': 17 },
    inputs: [{ name: 'x', type: 'float32', dims: ['N', 1, 4, 4] }],
    outputs: outputs.map((name) => ({ name, type: 'float32', dims: undefined })),
    nodes: [
      { name: 'conv', op: 'Conv', domain: '', inputs: ['x', 'w'], outputs: ['c'], attributes: {} },
      ...nodes.map((node, i) => ({
        name: `${i}`,
        op: '',
        domain: '',
        inputs: [],
        outputs: [],
        attributes: {},
        ...node,
      })),
    ],
    initializers: new Map([
      ['w', tensorValue('float32', [1, 1, 1, 1], Float32Array.of(1))],
      ['zero', scalar(0)],
      ['one', scalar(1)],
      ['six', scalar(6)],
    ]),
    metadata: {},
  };
}

const find = (g: Graph) => findRelu(g, findDenseLayers(g)[0]!);

describe('findRelu', () => {
  it.each([
    ['a Relu', graph([{ op: 'Relu', inputs: ['c'], outputs: ['y'] }]), {}],
    ['a Clip from 0', graph([{ op: 'Clip', inputs: ['c', 'zero', 'six'], outputs: ['y'] }]), {}],
    [
      'a Relu after a residual addition, on either side',
      graph([
        { op: 'Add', inputs: ['x', 'c'], outputs: ['s'] },
        { op: 'Relu', inputs: ['s'], outputs: ['y'] },
      ]),
      { skip: 'x' },
    ],
  ])('sees %s', (_, g, expected) => {
    expect(find(g)).toEqual(expected);
  });

  it.each([
    ['a Clip from 1', graph([{ op: 'Clip', inputs: ['c', 'one', 'six'], outputs: ['y'] }])],
    ['a Sigmoid', graph([{ op: 'Sigmoid', inputs: ['c'], outputs: ['y'] }])],
    ['a Relu beside an output', graph([{ op: 'Relu', inputs: ['c'], outputs: ['y'] }], ['y', 'c'])],
    [
      'a Relu beside another reader',
      graph([
        { op: 'Relu', inputs: ['c'], outputs: ['r'] },
        { op: 'Add', inputs: ['c', 'r'], outputs: ['y'] },
      ]),
    ],
    [
      'a sum that more than the Relu reads',
      graph([
        { op: 'Add', inputs: ['x', 'c'], outputs: ['s'] },
        { op: 'Relu', inputs: ['s'], outputs: ['r'] },
        { op: 'Mul', inputs: ['s', 'r'], outputs: ['y'] },
      ]),
    ],
  ])('is not misled by %s', (_, g) => {
    expect(find(g)).toBeUndefined();
  });
});
