import { InferenceSession } from '../../src/index.js';
import type { Adapter } from '../measure/types.js';

export const adapter: Adapter = {
  async open(model, { threads, wasm, inWorker }) {
    const session = await InferenceSession.create(model, { threads, wasm, worker: !inWorker });
    const { info } = session;
    return {
      threads: info.threads,
      build: info.wasm,
      run: (feeds) => session.run(feeds),
      ...(info.worker ? { memory: async () => (await session.memory()).total } : {}),
    };
  },
};
