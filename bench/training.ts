/**
 * Samples per second of a training step, against jax-js on the same layers: `npm run bench:training [-- --json] [dense|lookup]`. One thread
 * each, in Node. Seconds are of the processor (user and system) and engines alternate, so that a busy machine disturbs all alike.
 */
import { createStepEngine } from '../src/train/engine/step-engine.js';
import type { StepEngineOptions, TrainingNetwork } from '../src/train/types.js';
import { jaxStep } from './training/jax-steps.js';
import { dense, examples, lookup, multiplyAdds } from './training/networks.js';

const ROUNDS = 6;
const WARM_UP = 2;

interface Candidate {
  readonly step: string;
  readonly engine: string;
  readonly microBatch: number;
  run(): Promise<unknown>;
}

async function lutra(
  step: string,
  network: TrainingNetwork,
  microBatch: number,
  runtime: NonNullable<StepEngineOptions['runtime']>,
): Promise<Candidate> {
  const optimizer = { kind: 'sgd' } as const;
  const engine = await createStepEngine(network, { optimizer, microBatch, threads: 1, runtime });
  const feeds = examples(microBatch);
  return { step, engine: `Lutra, onnxruntime-${runtime}`, microBatch, run: () => engine.step(feeds, 1e-4) };
}

async function jax(step: string, kind: 'dense' | 'lookup', microBatch: number): Promise<Candidate> {
  return { step, engine: 'jax-js, wasm', microBatch, run: await jaxStep(kind, microBatch) };
}

async function processorSeconds(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const frozen = { encoder: 'frozen' } as const;
const soft = { encoder: 'learned' } as const;
const makers: readonly (readonly [step: string, make: (step: string) => Promise<Candidate>])[] = [
  ['dense', (step) => lutra(step, dense(), 16, 'node')],
  ['dense', (step) => lutra(step, dense(), 4, 'web')],
  ['dense', (step) => jax(step, 'dense', 16)],
  ['lookup, encoder frozen', (step) => lutra(step, lookup(frozen), 16, 'node')],
  ['lookup, soft-PQ', (step) => lutra(step, lookup(soft), 8, 'node')],
  ['lookup, soft-PQ', (step) => lutra(step, lookup(soft), 4, 'web')],
  ['lookup, soft-PQ', (step) => jax(step, 'lookup', 16)],
];
const wanted = process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? '';
const candidates: Candidate[] = [];
for (const [step, make] of makers) if (step.startsWith(wanted)) candidates.push(await make(step));
const times = new Map<Candidate, number[]>(candidates.map((candidate) => [candidate, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const candidate of candidates) {
    const seconds = await processorSeconds(candidate.run);
    if (round >= WARM_UP) times.get(candidate)!.push(seconds);
  }
}
const rows = candidates.map((candidate) => {
  const { step, engine, microBatch } = candidate;
  const sorted = times.get(candidate)!.sort((a, b) => a - b);
  const rate = microBatch / sorted[sorted.length >> 1]!;
  return { step, engine, microBatch, samplesPerSecond: rate, denseGmacPerSecond: (rate * 3 * multiplyAdds()) / 1e9 };
});
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ node: process.version, multiplyAdds: multiplyAdds(), rows }, null, 2));
} else {
  console.log(
    `Three 3×3 convolutions (32→64 stride 2, 64→64, 64→128 stride 2 at 32×32), ${(multiplyAdds() / 1e6).toFixed(1)} MMAC forward.`,
  );
  console.log('GMAC/s counts the dense forward and backward pass, whatever is computed instead.\n');
  console.log('| step | engine | micro-batch | samples per CPU-second | dense GMAC/s |\n|---|---|---|---|---|');
  for (const { step, engine, microBatch, samplesPerSecond, denseGmacPerSecond } of rows) {
    console.log(
      `| ${step} | ${engine} | ${microBatch} | ${samplesPerSecond.toFixed(0)} | ${denseGmacPerSecond.toFixed(1)} |`,
    );
  }
}
process.exit(0);
