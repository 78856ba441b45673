import { beforeAll, describe, it } from 'vitest';
import { type Jax, loadJax } from '../../../test/jax.js';
import { expectClose, NetworkBuilder } from '../../../test/support/gradient.js';
import { createGraphRunner } from '../engine/runtime.js';
import { differentiate } from './differentiate.js';

let jax: typeof Jax;
beforeAll(async () => {
  jax = await loadJax();
});

type JaxArray = Jax.numpy.Array;

/** Loss and gradients of one function written twice, here run by onnxruntime and there by jax-js, from the same numbers. */
async function compare(
  build: (b: NetworkBuilder) => { loss: string; constants?: readonly string[] },
  inJax: (parameters: JaxArray[], constants: JaxArray[]) => JaxArray,
): Promise<void> {
  const b = new NetworkBuilder('float32', 20);
  const { loss, constants = [] } = build(b);
  const network = b.network(loss);
  const training = differentiate(network, { microBatch: 1 });
  const tensor = (name: string) => network.graph.initializers.get(name)!;
  const runner = await createGraphRunner(training.graph);
  const results = await runner.run(new Map([...network.parameters.keys()].map((name) => [name, tensor(name)])));
  await runner.release();

  const array = (name: string) => {
    const { data, dims } = tensor(name);
    return jax.numpy.array(Array.from(data as Float32Array)).reshape([...dims]);
  };
  const names = [...network.parameters.keys()];
  const [value, gradients] = jax.valueAndGrad((parameters: JaxArray[]) => inJax(parameters, constants.map(array)))(
    names.map(array),
  );
  expectClose(results.get('loss')!.data as Float32Array, await value.data(), 1e-5, 'loss');
  for (const [index, name] of names.entries()) {
    const expected = await gradients[index]!.data();
    const scale = Math.max(...Array.from(expected, Math.abs));
    expectClose(
      results.get(training.gradients.get(name)!)!.data as Float32Array,
      expected,
      2e-5 * scale,
      `gradient ${index}`,
    );
  }
}

/** (x − mean) / √(variance + ε) over these axes. */
function standardized(x: JaxArray, axes: number[], epsilon: number): JaxArray {
  const np = jax.numpy;
  const centred = x.ref.sub(np.mean(x, axes, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), axes, { keepdims: true });
  return centred.div(np.sqrt(variance.add(epsilon)));
}

describe('loss and gradients equal those of jax-js', () => {
  it('for convolution, live normalization, ReLU, pooling, cross-entropy', async () => {
    await compare(
      (b) => {
        const x = b.parameter([4, 3, 7, 6]);
        const conv = b.node('Conv', [x, b.parameter([4, 3, 3, 3])], { strides: [2, 1], pads: [1, 1, 0, 1] });
        const statistics = [b.tensor([4], [0, 0, 0, 0]), b.tensor([4], [1, 1, 1, 1])];
        const inputs = [conv, b.parameter([4], 0.5, 1.5), b.parameter([4]), ...statistics];
        const normal = b.node('BatchNormalization', inputs, { training_mode: 1 });
        const features = b.node('Flatten', [b.node('GlobalAveragePool', [b.node('Relu', [normal])])]);
        const logits = b.node('Gemm', [features, b.parameter([5, 4]), b.parameter([5])], { transB: 1 });
        const target = b.tensor([4, 5], [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0.5, 0, 0.5, 0, 0, 0, 0, 0, 0, 1]);
        const loss = b.node('SoftmaxCrossEntropy', [logits, target], {}, { domain: 'lutra.train' });
        return { loss, constants: [target] };
      },
      ([x, w, gamma, beta, head, bias], [target]) => {
        const np = jax.numpy;
        const conv = jax.lax.convGeneralDilated(
          x!,
          w!,
          [2, 1],
          [
            [1, 0],
            [1, 1],
          ],
        );
        const normal = standardized(conv, [0, 2, 3], 1e-5);
        const scaled = normal.mul(gamma!.reshape([1, 4, 1, 1])).add(beta!.reshape([1, 4, 1, 1]));
        const features = np.mean(jax.nn.relu(scaled), [2, 3]);
        const logits = np.matmul(features, np.transpose(head!)).add(bias!);
        return np.sum(target!.mul(jax.nn.logSoftmax(logits, -1))).mul(-1 / 4);
      },
    );
  });

  it('for grouped and dilated convolution', async () => {
    await compare(
      (b) => {
        const attributes = { group: 2, dilations: [2, 1], pads: [1, 0, 1, 0] };
        const y = b.node('Conv', [b.parameter([2, 4, 6, 5]), b.parameter([6, 2, 3, 2]), b.parameter([6])], attributes);
        return { loss: b.node('ReduceMean', [b.node('Mul', [y, y])], { keepdims: 0 }) };
      },
      ([x, w, bias]) => {
        const y = jax.lax.convGeneralDilated(
          x!,
          w!,
          [1, 1],
          [
            [1, 1],
            [0, 0],
          ],
          { rhsDilation: [2, 1], featureGroupCount: 2 },
        );
        return jax.numpy.mean(jax.numpy.square(y.add(bias!.reshape([1, 6, 1, 1]))));
      },
    );
  });

  it('for a transformer block: layer normalization, attention, Gelu', async () => {
    const [tokens, width] = [5, 8];
    await compare(
      (b) => {
        const x = b.parameter([2, tokens, width]);
        const normal = b.node('LayerNormalization', [x, b.parameter([width], 0.5, 1.5), b.parameter([width])]);
        const [q, k, v] = [0, 1, 2].map(() => b.node('MatMul', [normal, b.parameter([width, width])]));
        const scores = b.node('MatMul', [q!, b.node('Transpose', [k!], { perm: [0, 2, 1] })]);
        const scaled = b.node('Mul', [scores, b.tensor([], [1 / Math.sqrt(width)])]);
        const mixed = b.node('Add', [x, b.node('MatMul', [b.node('Softmax', [scaled]), v!])]);
        const hidden = b.node('Gelu', [b.node('MatMul', [mixed, b.parameter([width, 2 * width])])]);
        const y = b.node('Add', [mixed, b.node('MatMul', [hidden, b.parameter([2 * width, width])])]);
        return { loss: b.node('ReduceMean', [b.node('Mul', [y, y])], { keepdims: 0 }) };
      },
      ([x, gamma, beta, wq, wk, wv, w1, w2]) => {
        const np = jax.numpy;
        const normal = standardized(x!.ref, [2], 1e-5).mul(gamma!).add(beta!);
        const q = np.matmul(normal.ref, wq!);
        const k = np.matmul(normal.ref, wk!);
        const v = np.matmul(normal, wv!);
        const scores = np.matmul(q, np.transpose(k, [0, 2, 1])).mul(1 / Math.sqrt(width));
        const mixed = x!.add(np.matmul(jax.nn.softmax(scores, -1), v));
        const hidden = jax.nn.gelu(np.matmul(mixed.ref, w1!), { approximate: false });
        return np.mean(np.square(mixed.add(np.matmul(hidden, w2!))));
      },
    );
  });
});
