import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serializeModel } from 'lutra/convert';
import { buildNetwork, findNetwork, holdOut, imageSet, trainDense } from 'lutra/train';

/** `node main.mjs 200` takes as many steps; the few by default only show how it goes. */
const steps = Number(process.argv[2] ?? 2);
const classes = ['across', 'upright'];
const count = 160;
const side = 32;

// Stripes of random width and place: bytes [count, 3, 32, 32].
const bytes = new Uint8Array(count * 3 * side * side);
const labels = Int32Array.from({ length: count }, (_, n) => n % 2);
let state = 1;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
for (let n = 0; n < count; n++) {
  const width = 2 + 6 * random();
  const place = 20 * random();
  for (let i = 0; i < 3 * side * side; i++) {
    const along = labels[n] === 0 ? Math.floor((i % (side * side)) / side) : i % side;
    bytes[n * 3 * side * side + i] = ((along + place) / width) % 2 < 1 ? 220 : 30;
  }
}

const spec = {
  kind: 'image',
  width: side,
  height: side,
  channels: 3,
  scale: 1 / 255,
  mean: [0.5, 0.5, 0.5],
  std: [0.4, 0.4, 0.4],
  resize: 'bilinear',
  layout: 'nchw',
};
const set = imageSet({ description: 'stripes', labels, classes, bytes }, spec, { mirror: false });
const split = holdOut(set, 0.1, 1);
const zoo = findNetwork('image32');
const network = buildNetwork(zoo, set, split, 1);
const { graph, validation } = await trainDense(network, zoo.recipe, set, split, {
  budget: { steps },
  recipe: { batchSize: 16, microBatch: 16, averageEpochs: 0 },
});
const file = join(tmpdir(), 'stripes.onnx');
writeFileSync(file, serializeModel(graph));
console.log(
  `Right on ${validation.correct} of ${validation.count} validation images after ${steps} steps; saved as ${file}.`,
);
