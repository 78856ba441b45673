import { type CreateOptions, InferenceSession } from '../../src/index.js';
import { inputTensor, modelBytes } from './network.js';

/** How a session ran and SHA-256 of every output's bytes. */
export interface Hashes {
  readonly threads: number;
  readonly wasm: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs the network once in a session of its own. */
export async function hashOutputs(options: CreateOptions): Promise<Hashes> {
  const session = await InferenceSession.create(modelBytes(), options);
  try {
    const results = await session.run({ x: inputTensor() });
    const outputs: Record<string, string> = {};
    for (const name of session.outputNames) {
      const view = results[name]!.data as Float32Array;
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      outputs[name] = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    return { threads: session.info.threads, wasm: session.info.wasm, outputs };
  } finally {
    await session.release();
  }
}
