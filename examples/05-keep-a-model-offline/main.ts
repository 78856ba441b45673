import { InferenceSession } from 'lutra';

const answer = document.querySelector('#answer')!;
document.querySelector('button')!.addEventListener('click', async () => {
  // The second time it comes from this machine, also without a network; a damaged copy is fetched anew.
  const session = await InferenceSession.create('/models/digits.lut.onnx', { cache: 'cache-api' });
  const kept = await (await caches.open('lutra-models')).keys();
  answer.textContent = `Loaded ${session.info.modelBytes} bytes; ${kept.length} model is kept.`;
  await session.release();
});
