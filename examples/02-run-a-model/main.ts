import { InferenceSession, Tensor } from 'lutra';

const bar = document.querySelector('progress')!;
const session = await InferenceSession.create('/models/digits.lut.onnx', {
  onProgress({ loaded, total }) {
    bar.max = total ?? 1;
    bar.value = loaded;
  },
});

// A vertical stroke, white on black, as values 0..1.
const pixels = Float32Array.from({ length: 28 * 28 }, (_, i) => {
  const [x, y] = [i % 28, Math.floor(i / 28)];
  return (x === 13 || x === 14) && y >= 5 && y < 23 ? 1 : 0;
});
const outputs = await session.run({ [session.inputNames[0]!]: new Tensor('float32', pixels, [1, 1, 28, 28]) });
const scores = [...(outputs[session.outputNames[0]!]!.data as Float32Array)];
const labels = JSON.parse(session.metadata['lutra.labels']!) as string[];
const best = labels[scores.indexOf(Math.max(...scores))];
document.querySelector('#answer')!.textContent = `It is a ${best}, computed on ${session.info.threads} thread(s).`;
await session.release();
