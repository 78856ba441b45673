import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'lutra';

const model = fileURLToPath(new URL('../../public/models/digits.lut.onnx', import.meta.url));
const session = await InferenceSession.create(model, { threads: 1 });

const pixels = Float32Array.from({ length: 28 * 28 }, (_, i) => {
  const [x, y] = [i % 28, Math.floor(i / 28)];
  return (x === 13 || x === 14) && y >= 5 && y < 23 ? 1 : 0;
});
const input = { [session.inputNames[0]]: new Tensor('float32', pixels, [1, 1, 28, 28]) };
const { data } = Object.values(await session.run(input))[0];
console.log(`It is a ${data.indexOf(Math.max(...data))}.`);

const layers = await session.profile(input);
console.log(
  `The slowest of ${layers.length} steps is ${layers.toSorted((a, b) => b.milliseconds - a.milliseconds)[0].node}.`,
);
await session.release();
