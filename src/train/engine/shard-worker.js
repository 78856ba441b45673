// @ts-check
/**
 * A training thread: what `LocalShard` does, over shared memory. JavaScript, since Node 20 starts threads from JavaScript files only, and
 * this package also runs from its TypeScript sources.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** @type {import('./thread-shard.js').ThreadOptions} */
const { model, session, slices, gradients, reported, weights } = workerData;
// onnxruntime takes no shared memory.
const own = new Float32Array(weights.length);
const opening = InferenceSession.create(model, session);
// `open` tells of a failure.
opening.catch(() => {});

/** @type {import('./thread-shard.js').ThreadApi} */
const api = {
  async open() {
    await opening;
  },
  async run(feeds, gradient, changed) {
    if (changed) own.set(weights);
    /** @type {Record<string, Tensor>} */
    const tensors = {};
    for (const [name, { type, data, dims }] of Object.entries(feeds)) {
      tensors[name] = new Tensor(type, /** @type {any} */ (data), dims);
    }
    for (const { name, start, end, dims } of slices) {
      tensors[name] = new Tensor('float32', own.subarray(start, end), dims);
    }
    const results = await (await opening).run(tensors);
    /** @param {string} name */
    const floats = (name) => /** @type {Float32Array} */ (results[name]?.data);
    slices.forEach(({ start }, index) => {
      gradient.set(floats(gradients[index] ?? ''), start);
    });
    return Object.fromEntries(reported.map((name) => [name, floats(name)]));
  },
};

if (parentPort) Comlink.expose(api, /** @type {any} */ (parentPort));
