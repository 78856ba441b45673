import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convert, parseModel, serializeModel } from 'lutra/convert';

// The smallest shipped dense network, and strokes in all directions for it to see. Real examples make a better model.
const dense = parseModel(readFileSync(new URL('../../public/models/digits.onnx', import.meta.url)));
const strokes = Array.from({ length: 24 }, (_, n) => {
  const angle = (n / 24) * Math.PI;
  const data = Float32Array.from({ length: 28 * 28 }, (_, i) => {
    const [x, y] = [(i % 28) - 13.5, Math.floor(i / 28) - 13.5];
    const across = Math.abs(x * Math.cos(angle) + y * Math.sin(angle));
    return Math.hypot(x, y) < 9 ? Math.max(0, 1 - across / 2) : 0;
  });
  return { type: 'float32', dims: [1, 1, 28, 28], data };
});

const last = dense.nodes.findLast(({ op }) => op === 'Conv').name;
const { graph, report } = await convert(dense, { feeds: strokes }, { layers: [last], centroids: 8 });
const file = join(tmpdir(), 'digits-with-tables.onnx');
writeFileSync(file, serializeModel(graph));
for (const { name, converted, relativeError } of report.layers) {
  if (converted) console.log(`${name} is looked up now, relative error ${relativeError.toFixed(3)}.`);
}
console.log(`Saved as ${file}.`);
