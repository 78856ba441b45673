import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import compatScript from '../../node_modules/@litertjs/core/wasm/litert_wasm_compat_internal.js?url';
import compatWasm from '../../node_modules/@litertjs/core/wasm/litert_wasm_compat_internal.wasm?url';
import relaxedScript from '../../node_modules/@litertjs/core/wasm/litert_wasm_internal.js?url';
import relaxedWasm from '../../node_modules/@litertjs/core/wasm/litert_wasm_internal.wasm?url';
import threadedScript from '../../node_modules/@litertjs/core/wasm/litert_wasm_threaded_internal.js?url';
import threadedWasm from '../../node_modules/@litertjs/core/wasm/litert_wasm_threaded_internal.wasm?url';
import { hasRelaxedSimd } from '../../src/engine/features.js';
import type { Adapter } from '../measure/types.js';

const BUILDS = {
  compat: [compatScript, compatWasm],
  relaxed: [relaxedScript, relaxedWasm],
  threaded: [threadedScript, threadedWasm],
} as const;

/** What LiteRT's loader script leaves and looks for in the global scope. */
type LoaderScope = typeof globalThis & {
  Module?: { readonly locateFile: () => string; readonly mainScriptUrlOrBlob: string };
  importScripts?: () => void;
};

/** LiteRT.js on the processor (XNNPACK). Networks with one input and one output. */
export const adapter: Adapter = {
  async open(model, { threads }) {
    // Its threads need relaxed SIMD, too.
    const relaxed = hasRelaxedSimd();
    const build = relaxed ? (threads > 1 && crossOriginIsolated ? 'threaded' : 'relaxed') : 'compat';
    const [script, wasm] = BUILDS[build].map((url) => new URL(url, import.meta.url).href) as [string, string];
    const scope = globalThis as LoaderScope;
    scope.Module = { locateFile: () => wasm, mainScriptUrlOrBlob: script };
    if (typeof document === 'undefined') {
      // LiteRT loads its script by importScripts, which always throws in a module worker.
      const text = await (await fetch(script)).text();
      // Called by another name, eval runs in the global scope: the script declares globals, as it would in a classic worker.
      const runScript = scope.eval;
      runScript(text);
      scope.importScripts = () => {};
    }
    await loadLiteRt(script);
    const compiled = await loadAndCompile(model, {
      accelerator: 'wasm',
      ...(build === 'threaded' ? { cpuOptions: { numThreads: threads } } : {}),
    });
    return {
      threads: build === 'threaded' ? threads : 1,
      build,
      async run(feeds) {
        const [feed] = Object.values(feeds);
        const input = new Tensor(feed!.data as Float32Array, [...feed!.dims]);
        const [output] = await compiled.run([input]);
        const data = (output!.toTypedArray() as Float32Array).slice();
        const dims = [...output!.type.layout.dimensions];
        input.delete();
        output!.delete();
        return { output: { type: 'float32', dims, data } };
      },
    };
  },
};
