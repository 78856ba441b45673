/**
 * What a second thread gains when a network runs with pauses, as for a camera, and without pauses:
 * `npx tsx bench/pauses.ts MODEL [rounds]`. Sessions with one and with two threads take turns; medians, in milliseconds.
 */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from '../src/index.js';

const [file = 'public/models/cifar10.lut.onnx', rounds = '60'] = process.argv.slice(2);
/** Before every run, milliseconds. */
const PAUSES = [0, 33, 150];
const WARM_UP_RUNS = 40;

const sessions = [
  await InferenceSession.create(readFileSync(file), { threads: 1 }),
  await InferenceSession.create(readFileSync(file), { threads: 2 }),
];
const feeds = Object.fromEntries(
  sessions[0]!.inputMetadata.map(({ name, dims }) => {
    const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : 1));
    return [name, new Tensor('float32', new Float32Array(sizes.reduce((a, b) => a * b, 1)).fill(0.5), sizes)];
  }),
);
for (const session of sessions) for (let i = 0; i < WARM_UP_RUNS; i++) await session.run(feeds);
for (const pause of PAUSES) {
  const times = sessions.map((): number[] => []);
  for (let round = 0; round < Number(rounds); round++) {
    for (const [index, session] of sessions.entries()) {
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      const start = performance.now();
      await session.run(feeds);
      times[index]!.push(performance.now() - start);
    }
  }
  const [one, two] = times.map((all) => all.sort((a, b) => a - b)[all.length >> 1]!);
  console.log(
    `${pause} ms apart: 1 thread ${one!.toFixed(2)} ms, 2 threads ${two!.toFixed(2)} ms, ${(one! / two!).toFixed(2)} times`,
  );
}
for (const session of sessions) await session.release();
