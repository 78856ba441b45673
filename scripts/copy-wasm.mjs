/** Puts the Wasm binaries beside the compiled library, where the package's `lutra/wasm/*` export points. */
import { cpSync } from 'node:fs';

cpSync('build', 'dist/wasm', { recursive: true, filter: (path) => path === 'build' || path.endsWith('.wasm') });
