/** Damage to what a model says, in a file that is otherwise well formed: it gets past the parser more often than flipped bits. */
import { allocate } from '../../src/graph/tensor.js';
import type { Attribute, DataType, Graph, Node, TensorValue } from '../../src/graph/types.js';

/** What an edit may do is drawn from here. */
export interface Dice {
  int(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
}

/** A short name of the edit that was made, and the edited graph. */
type Edit = (graph: Graph, dice: Dice) => readonly [what: string, graph: Graph];

const NUMBERS = [
  0,
  1,
  -1,
  2,
  3,
  7,
  16,
  255,
  65_535,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 40,
  0.5,
  -1e30,
  Number.NaN,
  Infinity,
];
const SIZES = [0, 1, 2, 3, 5, 16, 63, 1024, 65_536, 2 ** 31 - 1];
const NAMES = [
  'kernel_shape',
  'strides',
  'pads',
  'dilations',
  'group',
  'axis',
  'axes',
  'perm',
  'K',
  'to',
  'mode',
  'auto_pad',
  'epsilon',
  'alpha',
  'beta',
  'ceil_mode',
  'keepdims',
  'size',
  'blocksize',
  'num_outputs',
];
const WORDS = ['', 'SAME_UPPER', 'VALID', 'NOTSET', 'linear', 'cubic', 'reflect', 'nonsense'];
const TYPES: readonly DataType[] = [
  'float32',
  'int64',
  'int32',
  'int8',
  'uint8',
  'bool',
  'float16',
  'float64',
  'string',
];
const OPERATORS = [
  'Conv',
  'ConvTranspose',
  'Gemm',
  'MatMul',
  'Relu',
  'Clip',
  'Softmax',
  'Add',
  'Mul',
  'Div',
  'Concat',
  'Split',
  'Slice',
  'Reshape',
  'Flatten',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Expand',
  'Tile',
  'Resize',
  'ReduceMean',
  'ReduceSum',
  'ArgMax',
  'TopK',
  'BatchNormalization',
  'LayerNormalization',
  'LRN',
  'Gather',
  'GatherElements',
  'Pad',
  'Where',
  'Cast',
  'Shape',
  'ConstantOfShape',
  'Range',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'QuantizeLinear',
  'DequantizeLinear',
  'OneHot',
  'If',
  'Loop',
  'NoSuchOperator',
];

function withNode(graph: Graph, dice: Dice, change: (node: Node) => Node): Graph {
  if (graph.nodes.length === 0) return graph;
  const at = dice.int(0, graph.nodes.length - 1);
  return { ...graph, nodes: graph.nodes.with(at, change(graph.nodes[at]!)) };
}

function anAttribute(dice: Dice): Attribute {
  return dice.pick<() => Attribute>([
    () => dice.pick(NUMBERS),
    () => Array.from({ length: dice.int(0, 5) }, () => dice.pick(NUMBERS.slice(0, 13))),
    () => dice.pick(WORDS),
    () => allocate(dice.pick(TYPES.slice(0, 6)), [dice.int(0, 3)]),
  ])();
}

function changedTensor(value: TensorValue, dice: Dice): readonly [string, TensorValue] {
  const { type, dims, data } = value;
  const resized = (length: number): TensorValue['data'] =>
    (data.slice(0, length).length === length
      ? data.slice(0, length)
      : allocate(type, [length]).data) as TensorValue['data'];
  return dice.pick<() => readonly [string, TensorValue]>([
    () => ['dims reversed', { type, dims: dims.toReversed(), data }],
    () => ['made a vector', { type, dims: [data.length], data }],
    () => ['emptied', { type, dims: [0, ...dims.slice(1)], data: resized(0) }],
    () => {
      const count = dice.int(1, 9);
      return [`cut to ${count}`, { type, dims: [count], data: resized(count) }];
    },
    () => {
      const other = dice.pick(TYPES.filter((name) => name !== 'string'));
      return [`type ${other}`, { ...allocate(other, dims) }];
    },
    () => {
      const copy = data.slice() as TensorValue['data'];
      const number = dice.pick(NUMBERS);
      for (let i = 0; i < Math.min(copy.length, 3) && type !== 'string'; i++) {
        const whole = Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n;
        copy[dice.int(0, copy.length - 1)] = type.endsWith('int64') ? whole : number;
      }
      return [`elements ${number}`, { type, dims, data: copy }];
    },
  ])();
}

const EDITS: readonly Edit[] = [
  (graph, dice) => {
    const [name, value] = [dice.pick(NAMES), anAttribute(dice)];
    const text = typeof value === 'object' && 'data' in value ? 'a tensor' : JSON.stringify(value);
    return [
      `attribute ${name} = ${text}`,
      withNode(graph, dice, (node) => {
        const own = Object.keys(node.attributes);
        const key = own.length > 0 && dice.int(0, 3) > 0 ? dice.pick(own) : name;
        return { ...node, attributes: { ...node.attributes, [key]: value } };
      }),
    ];
  },
  (graph, dice) => [
    'attribute removed',
    withNode(graph, dice, (node) => {
      const names = Object.keys(node.attributes);
      const gone = names.length > 0 ? dice.pick(names) : '';
      return {
        ...node,
        attributes: Object.fromEntries(Object.entries(node.attributes).filter(([name]) => name !== gone)),
      };
    }),
  ],
  (graph, dice) => {
    const values = [
      ...graph.initializers.keys(),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
      ...graph.inputs.map(({ name }) => name),
      '',
    ];
    const name = dice.pick(values);
    return [
      `input ${name}`,
      withNode(graph, dice, (node) => ({
        ...node,
        inputs: node.inputs.toSpliced(dice.int(0, node.inputs.length), 1, name),
      })),
    ];
  },
  (graph, dice) => ['input dropped', withNode(graph, dice, (node) => ({ ...node, inputs: node.inputs.slice(0, -1) }))],
  (graph, dice) => {
    const op = dice.pick(OPERATORS);
    return [`operator ${op}`, withNode(graph, dice, (node) => ({ ...node, op, domain: '' }))];
  },
  (graph, dice) => {
    const names = [...graph.initializers.keys()];
    if (names.length === 0) return ['nothing', graph];
    const name = dice.pick(names);
    const [what, value] = changedTensor(graph.initializers.get(name)!, dice);
    return [`initializer ${name} ${what}`, { ...graph, initializers: new Map(graph.initializers).set(name, value) }];
  },
  (graph, dice) => {
    const size = dice.pick<number | string>([...SIZES, 'N', '']);
    const inputs = graph.inputs.map((input) => {
      if (!input.dims || input.dims.length === 0) return { ...input, dims: [size] };
      return { ...input, dims: input.dims.with(dice.int(0, input.dims.length - 1), size) };
    });
    return [`input size ${size}`, { ...graph, inputs }];
  },
  (graph, dice) => {
    const type = dice.pick(TYPES);
    return [`input type ${type}`, { ...graph, inputs: graph.inputs.map((input) => ({ ...input, type })) }];
  },
  (graph, dice) => {
    const at = dice.int(0, Math.max(0, graph.nodes.length - 1));
    return ['node removed', { ...graph, nodes: graph.nodes.toSpliced(at, 1) }];
  },
  (graph, dice) => [
    'reads itself',
    withNode(graph, dice, (node) => ({ ...node, inputs: [node.outputs[0] ?? '', ...node.inputs.slice(1)] })),
  ],
  (graph, dice) => {
    const outputs = graph.nodes.flatMap((node) => node.outputs);
    const name = outputs.length > 0 ? dice.pick(outputs) : 'x';
    return [
      `output ${name} again`,
      withNode(graph, dice, (node) => ({ ...node, outputs: [name, ...node.outputs.slice(1)] })),
    ];
  },
  (graph, dice) => [
    'output dropped',
    withNode(graph, dice, (node) => ({ ...node, outputs: dice.pick([[], [...node.outputs, 'more'], ['']]) })),
  ],
  (graph, dice) => {
    const version = dice.pick([0, 1, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 99]);
    return [`opset ${version}`, { ...graph, opset: { ...graph.opset, '': version } }];
  },
  (graph, dice) => {
    const name = dice.pick([...graph.initializers.keys(), ...graph.inputs.map((input) => input.name), 'nowhere']);
    return [`output ${name}`, { ...graph, outputs: [{ ...graph.outputs[0]!, name }] }];
  },
];

/** One to three edits, and what they were. */
export function mutateGraph(graph: Graph, dice: Dice): { readonly what: readonly string[]; readonly graph: Graph } {
  let edited = graph;
  const what: string[] = [];
  for (let count = dice.int(1, 3); count > 0; count--) {
    const [name, next] = dice.pick(EDITS)(edited, dice);
    what.push(name);
    edited = next;
  }
  return { what, graph: edited };
}
