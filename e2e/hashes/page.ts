import { modelBytes } from '../kernels/network.js';
import { type Configuration, measure, type NamedModel } from './measure.js';

const element = document.getElementById('hashes')!;

/** The shipped models, listed by the server, and one of integers only. */
async function models(): Promise<NamedModel[]> {
  const names = (await (await fetch('./models.json')).json()) as string[];
  const shipped = names.map(async (name) => {
    const response = await fetch(`./models/${name}`);
    return { name, bytes: new Uint8Array(await response.arrayBuffer()) };
  });
  return [{ name: 'integers', bytes: modelBytes() }, ...(await Promise.all(shipped))];
}

try {
  const threads = typeof SharedArrayBuffer === 'function' && crossOriginIsolated ? [1, 2] : [1];
  const configurations = (['simd', 'relaxed'] as const).flatMap((wasm) =>
    threads.map((count): Configuration => ({ wasm, threads: count })),
  );
  element.textContent = JSON.stringify(await measure(await models(), configurations), null, 2);
  element.dataset.done = 'true';
} catch (error) {
  element.textContent = String(error);
  element.dataset.done = 'failed';
}
