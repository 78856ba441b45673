import * as tf from '@tensorflow/tfjs-core';
import { numberAttribute, numbersAttribute } from '../../src/graph/attributes.js';
import { consumersOf } from '../../src/graph/topology.js';
import type { Graph, Node, TensorValue } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';
import type { Tensors } from '../measure/types.js';

type Values = Map<string, tf.Tensor>;
type Step = (values: Values) => void;
type Activation = 'linear' | 'relu';

/**
 * A convolutional ONNX network as a function of TensorFlow.js operators, with the bias and a following Relu fused into each layer.
 * Images are NHWC between the layers, as TensorFlow.js wants them; weights are turned once.
 *
 * @throws Error naming an operator that is not among those of the benchmark's networks
 */
export function compileNetwork(bytes: Uint8Array): (feeds: Tensors) => Tensors {
  const graph = parseModel(bytes);
  const steps = compileSteps(graph);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  return (feeds) => {
    const fed = feeds[input!.name]!;
    const result = tf.tidy(() => {
      const image = tf.tensor(fed.data as Float32Array, [...fed.dims] as [number, number, number, number], 'float32');
      const values: Values = new Map([[input!.name, tf.transpose(image, [0, 2, 3, 1])]]);
      for (const step of steps) step(values);
      return values.get(output!.name)!;
    });
    // Synchronous in this backend: the values lie in its memory already.
    const data = result.dataSync<'float32'>();
    const dims = result.shape;
    result.dispose();
    return { [output!.name]: { type: 'float32', dims, data } };
  };
}

function compileSteps(graph: Graph): readonly Step[] {
  const consumers = consumersOf(graph.nodes);
  const fused = new Set<Node>();
  const steps: Step[] = [];
  for (const node of graph.nodes) {
    if (fused.has(node)) continue;
    let output = node.outputs[0]!;
    let activation: Activation = 'linear';
    const readers = consumers.get(output) ?? [];
    if ((node.op === 'Conv' || node.op === 'Gemm') && readers.length === 1 && readers[0]!.op === 'Relu') {
      activation = 'relu';
      fused.add(readers[0]!);
      output = readers[0]!.outputs[0]!;
    }
    const compute = compileNode(graph, node, activation);
    steps.push((values) => values.set(output, compute(node.inputs.map((name) => values.get(name)!))));
  }
  return steps;
}

type Compute = (inputs: readonly tf.Tensor[]) => tf.Tensor;

function compileNode(graph: Graph, node: Node, activation: Activation): Compute {
  const constant = (index: number): TensorValue => graph.initializers.get(node.inputs[index]!)!;
  const tensor = ({ data, dims }: TensorValue) => tf.tensor(data as Float32Array, [...dims], 'float32');
  switch (node.op) {
    case 'Conv': {
      // [O, C, kh, kw] → [kh, kw, C, O]
      const filter = tf.keep(tf.transpose(tensor(constant(1)), [2, 3, 1, 0])) as tf.Tensor4D;
      const bias = tf.keep(tensor(constant(2)));
      const strides = numbersAttribute(node, 'strides') ?? [1, 1];
      const pad = padding(node);
      return ([x]) =>
        tf.fused.conv2d({ x: x as tf.Tensor4D, filter, strides: [strides[0]!, strides[1]!], pad, bias, activation });
    }
    case 'Gemm': {
      // Turned here: with transposeB and a bias together, the Wasm backend of 4.22 adds wrongly.
      const weight = tensor(constant(1));
      const b = tf.keep(numberAttribute(node, 'transB', 0) === 1 ? tf.transpose(weight) : weight) as tf.Tensor2D;
      const bias = tf.keep(tensor(constant(2)));
      return ([x]) => tf.fused.matMul({ a: x as tf.Tensor2D, b, bias, activation });
    }
    case 'MaxPool': {
      const [kernel = 1] = numbersAttribute(node, 'kernel_shape') ?? [];
      const [stride = 1] = numbersAttribute(node, 'strides') ?? [];
      const pad = padding(node);
      return ([x]) => tf.maxPool(x as tf.Tensor4D, kernel, stride, pad);
    }
    case 'GlobalAveragePool':
      return ([x]) => tf.mean(x!, [1, 2], true);
    case 'ReduceMean':
      // Over the image, as the pooling above, but the two dimensions go.
      if (numbersAttribute(node, 'axes')?.join() !== '2,3' || numberAttribute(node, 'keepdims', 1) !== 0) break;
      return ([x]) => tf.mean(x!, [1, 2]);
    case 'Flatten':
      // Back to the order in which ONNX flattens. One pixel needs no change.
      return ([x]) => {
        const [n, h, w, c] = x!.shape as [number, number, number, number];
        return tf.reshape(h * w === 1 ? x! : tf.transpose(x!, [0, 3, 1, 2]), [n, h * w * c]);
      };
    case 'Relu':
      return ([x]) => tf.relu(x!);
    case 'Sigmoid':
      return ([x]) => tf.sigmoid(x!);
    case 'Add':
      return ([a, b]) => tf.add(a!, b!);
    case 'Mul':
      return ([a, b]) => tf.mul(a!, b!);
  }
  throw new Error(`TensorFlow.js: no translation of ${node.op}`);
}

function padding(node: Node): [[0, 0], [number, number], [number, number], [0, 0]] {
  const [top = 0, left = 0, bottom = 0, right = 0] = numbersAttribute(node, 'pads') ?? [];
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}
