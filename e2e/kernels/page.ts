import { type Hashes, hashOutputs } from './hashes.js';

const runs: Hashes[] = [];
const element = document.getElementById('hashes')!;
try {
  for (const wasm of ['simd', 'relaxed'] as const) {
    for (const threads of crossOriginIsolated ? [1, 2] : [1]) runs.push(await hashOutputs({ wasm, threads }));
  }
  element.textContent = JSON.stringify(runs, null, 2);
} catch (error) {
  element.textContent = String(error);
}
element.dataset.done = 'true';
