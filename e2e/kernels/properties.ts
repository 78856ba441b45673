import fc from 'fast-check';
import { inflateModule } from '../../src/engine/wasm.js';
import relaxed from '../../src/kernels/gen/relaxed.js';
import simd from '../../src/kernels/gen/simd.js';
import { encodesAnything, encodesWindows } from '../../test/lookup-kernels/encode.js';
import { KernelBuilds } from '../../test/lookup-kernels/kernel-builds.js';
import { looksUpAnything, looksUpRows, sumsExactly } from '../../test/lookup-kernels/look-up.js';
import { quantizesPlanes, quantizesRows } from '../../test/lookup-kernels/quantize.js';
import { convolvesIntegers, multipliesExactly } from '../../test/lookup-kernels/quantized-conv.js';

/** Of each property on each build. */
const RUNS = 25;
const PROPERTIES = [
  convolvesIntegers,
  encodesAnything,
  encodesWindows,
  looksUpAnything,
  looksUpRows,
  quantizesPlanes,
  quantizesRows,
];

// A failure must repeat.
fc.configureGlobal({ seed: 20261121 });
const element = document.getElementById('kernels')!;
try {
  const builds = KernelBuilds.from({ simd: await inflateModule(simd), relaxed: await inflateModule(relaxed) });
  const ran: Record<string, readonly string[]> = {};
  for (const name of builds.names) {
    const build = builds.only(name);
    const kernels = new Set(PROPERTIES.flatMap((property) => property(build, RUNS)));
    sumsExactly(build, name);
    multipliesExactly(build, name);
    ran[name] = [...kernels].sort();
  }
  element.textContent = JSON.stringify(ran, null, 2);
} catch (error) {
  element.textContent = String(error);
}
element.dataset.done = 'true';
