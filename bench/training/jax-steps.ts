import type { numpy } from '@jax-js/jax';
import { type Jax, loadJax } from '../../test/jax.js';
import { CLASSES, examples, LAYERS, type Layer, layerWeights, noise } from './networks.js';

type JaxArray = numpy.Array;
const CENTROIDS = 16;
const TAPS = 9;

/**
 * Loss and gradients of the same layers in jax-js. Written for its speed: the batch is the last axis, windows are slices put together and
 * one matrix product per layer (its own convolution is some forty times slower), everything in one `jit`.
 */
export async function jaxStep(kind: 'dense' | 'lookup', batch: number): Promise<() => Promise<void>> {
  const jax = await loadJax();
  const { numpy: np } = jax;
  const array = (data: Float32Array<ArrayBuffer>, ...dims: number[]) => np.array(data).reshape(dims);
  const { inputs, size } = LAYERS[0]!;
  const features = np.transpose(
    array(examples(batch).features.data as Float32Array<ArrayBuffer>, batch, inputs, size, size),
    [1, 2, 3, 0],
  );
  const target = np.transpose(array(examples(batch).target.data as Float32Array<ArrayBuffer>, batch, CLASSES));
  const width = LAYERS.at(-1)!.outputs;
  const parameters: JaxArray[] = [array(noise(CLASSES * width, 7), CLASSES, width)];
  for (const layer of LAYERS) {
    parameters.push(array(Float32Array.from(layerWeights(layer)), layer.outputs, layer.inputs * TAPS));
    parameters.push(array(new Float32Array(layer.outputs), layer.outputs, 1));
    if (kind === 'lookup') {
      parameters.push(array(noise(layer.inputs * CENTROIDS * TAPS, 9), layer.inputs, CENTROIDS, TAPS));
      parameters.push(array(new Float32Array(1), 1));
    }
  }
  const step = jax.jit(
    jax.valueAndGrad(([head, ...rest]: JaxArray[], input: JaxArray, wanted: JaxArray) => {
      let x = input;
      for (const layer of LAYERS) {
        const [weights, bias, centroids, temperature] = rest.splice(0, kind === 'lookup' ? 4 : 2) as [
          JaxArray,
          JaxArray,
          JaxArray,
          JaxArray,
        ];
        const patches = windows(jax, x, layer, batch);
        const [product, encoded] =
          kind === 'lookup' ? softLookup(jax, patches, weights, centroids, temperature, layer) : [weights, patches];
        const out = layer.size / layer.stride;
        x = jax.nn.relu(np.matmul(product, encoded).add(bias)).reshape([layer.outputs, out, out, batch]);
      }
      const logits = np.matmul(head!, np.mean(x, [1, 2]));
      return np.sum(wanted.mul(jax.nn.logSoftmax(logits, 0))).mul(-1 / batch);
    }),
  );
  return async () => {
    const [loss, gradients] = step(
      parameters.map((parameter) => parameter.ref),
      features.ref,
      target.ref,
    );
    await loss.data();
    for (const gradient of gradients) await gradient.data();
  };
}

/** x [C, H, W, B] → [C · 9, positions · B]. */
function windows(jax: typeof Jax, x: JaxArray, { inputs, size, stride }: Layer, batch: number): JaxArray {
  const { numpy: np } = jax;
  const out = size / stride;
  const padded = np.pad(x, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
  const half = size / 2 + 1;
  // Every second row and column are axes of their own where the stride is 2.
  const split = stride === 2 ? padded.reshape([inputs, half, 2, half, 2, batch]) : padded;
  const taps: JaxArray[] = [];
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const source = taps.length === TAPS - 1 ? split : split.ref;
      const part =
        stride === 2
          ? source.slice([], [i >> 1, (i >> 1) + out], i & 1, [j >> 1, (j >> 1) + out], j & 1, [])
          : source.slice([], [i, i + out], [j, j + out], []);
      taps.push(part.reshape([inputs, 1, out * out * batch]));
    }
  }
  return np.concatenate(taps, 1).reshape([inputs * TAPS, out * out * batch]);
}

/** Soft-PQ (Tang et al. 2023, §3.1): hard assignment forward, softmax of the distances backward. Returns tables and one-hot codes. */
function softLookup(
  jax: typeof Jax,
  patches: JaxArray,
  weights: JaxArray,
  centroids: JaxArray,
  temperature: JaxArray,
  { inputs, outputs }: Layer,
): [JaxArray, JaxArray] {
  const { numpy: np, lax } = jax;
  const positions = patches.shape[1]!;
  const products = np.matmul(centroids.ref, patches.reshape([inputs, TAPS, positions])).mul(2);
  const distances = np.sum(np.square(centroids.ref), 2, { keepdims: true }).sub(products);
  const fixed = lax.stopGradient(distances.ref);
  const hard = np.lessEqual(fixed.ref, np.min(fixed, 1, { keepdims: true })).astype(np.float32);
  const soft = jax.nn.softmax(distances.mul(-1).mul(np.exp(temperature)), 1);
  const codes = lax.stopGradient(hard.sub(soft.ref)).add(soft);
  const perCodebook = np.transpose(weights.reshape([outputs, inputs, TAPS]), [1, 0, 2]);
  const tables = np.matmul(perCodebook, np.transpose(centroids, [0, 2, 1]));
  return [
    np.transpose(tables, [1, 0, 2]).reshape([outputs, inputs * CENTROIDS]),
    codes.reshape([inputs * CENTROIDS, positions]),
  ];
}
