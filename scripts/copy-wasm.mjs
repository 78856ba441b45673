/** Puts what the compiler leaves out into the compiled library: the Wasm binaries, where the package's `lutra/wasm/*` export points, and
 * the script of the audio thread, which is plain JavaScript. */
import { cpSync } from 'node:fs';

cpSync('build', 'dist/wasm', { recursive: true, filter: (path) => path === 'build' || path.endsWith('.wasm') });
cpSync('src/speech/capture-worklet.js', 'dist/speech/capture-worklet.js');
