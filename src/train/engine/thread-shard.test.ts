import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../graph/builder.js';
import { serializeModel } from '../../onnx/serialize.js';
import { createThreadShard } from './thread-shard.js';

function model(): Uint8Array {
  const b = new GraphBuilder({ opset: 17 });
  b.output(b.node('Identity', [b.input('x', [2])]), [2]);
  return serializeModel(b.build());
}

const options = (bytes: Uint8Array) => ({
  model: bytes,
  slices: [],
  gradients: [],
  reported: [],
  weights: new Float32Array(new SharedArrayBuffer(0)),
});

describe('createThreadShard', () => {
  it('says why a thread does not start', async () => {
    await expect(createThreadShard(options(Uint8Array.of(1, 2, 3)))).rejects.toMatchObject({
      code: 'PLATFORM',
      message: expect.stringMatching(/a training thread failed: .*protobuf/i),
    });
  });

  it('rejects what the runtime refuses, and every call after its release', async () => {
    const shard = await createThreadShard(options(model()));
    const run = () => shard.run({}, new Float32Array(0), true);
    await expect(run()).rejects.toMatchObject({ code: 'PLATFORM', message: expect.stringContaining("'x'") });
    await shard.release();
    await expect(run()).rejects.toMatchObject({ code: 'RELEASED' });
  });
});
