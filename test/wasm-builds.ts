import { inflateRawSync } from 'node:zlib';
import relaxed from '../src/kernels/gen/relaxed.js';
import simd from '../src/kernels/gen/simd.js';

const inflate = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(inflateRawSync(Buffer.from(text, 'base64')));

/** The bytes of each Wasm build, as they are inlined. */
export const WASM_BUILDS = { simd: inflate(simd), relaxed: inflate(relaxed) } as const;
