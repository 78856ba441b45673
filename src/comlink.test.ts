import { afterEach, describe, expect, it } from 'vitest';
import { expose, moved, wrap } from './comlink.js';
import { LutraError } from './errors.js';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Calls `task` through a channel, as another thread would. */
function call(task: () => unknown): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expose({ task }, port1);
  return wrap<{ task(): unknown }>(port2).task();
}

/** What arrives when `thrown` is thrown at the other end. */
const arrived = (thrown: unknown, later = false): Promise<unknown> =>
  call(() => {
    if (later) return Promise.reject(thrown);
    throw thrown;
  }).then(
    () => 'nothing',
    (error: unknown) => error,
  );

describe('errors from another thread', () => {
  it.each([false, true])('keep all fields of a LutraError (asynchronous: %s)', async (later) => {
    const details = { node: 'conv1 (Conv)', expected: 'float32', actual: 'int8', hint: 'Cast it' };
    const sent = new LutraError('INVALID_MODEL', 'the type is wrong', { ...details, cause: () => 'cannot be cloned' });
    const error = await arrived(sent, later);
    expect(error).toBeInstanceOf(LutraError);
    expect(error).toMatchObject({ name: 'LutraError', code: 'INVALID_MODEL', message: sent.message, ...details });
    expect((error as LutraError).cause).toBeUndefined();
  });

  it.each([
    ['an Error', new RangeError('out of range'), 'out of range'],
    ['a DOMException', new DOMException('it was stopped', 'AbortError'), 'it was stopped'],
    ['a string', 'no memory', 'no memory'],
    ['a number', 7, '7'],
    ['undefined', undefined, 'undefined'],
  ])('become LutraErrors with their message: %s', async (_, thrown, message) => {
    const error = await arrived(thrown);
    expect(error).toBeInstanceOf(LutraError);
    expect(error).toMatchObject({ code: 'INTERNAL', message });
  });

  it('say when a result cannot be sent', async () => {
    await expect(call(() => ({ inner: () => 1 }))).rejects.toMatchObject({ name: 'LutraError', code: 'INTERNAL' });
  });
});

describe('a thread with Comlink alone', () => {
  it('is understood', async () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const api = wrap<{ task(): void }>(port2);
    port1.addEventListener('message', ({ data: { id } }) => {
      const value = { isError: true, value: { message: 'no memory', name: 'RangeError', stack: '' } };
      port1.postMessage({ id, type: 'HANDLER', name: 'throw', value });
    });
    port1.start();
    await expect(api.task()).rejects.toMatchObject({ name: 'LutraError', code: 'INTERNAL', message: 'no memory' });
  });

  it('gets an Error with all fields', async () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    const task = () => {
      throw new LutraError('UNSUPPORTED', 'no such operator', { node: 'n (Foo)', hint: 'Leave it out' });
    };
    expose({ task }, port1);
    const answer = new Promise<MessageEvent>((resolve) => port2.addEventListener('message', resolve));
    port2.start();
    port2.postMessage({ id: '1', type: 'APPLY', path: ['task'], argumentList: [] });
    const { isError, value } = (await answer).data.value;
    expect(isError).toBe(true);
    expect(value).toMatchObject({ name: 'LutraError', code: 'UNSUPPORTED', node: 'n (Foo)', hint: 'Leave it out' });
  });
});

describe('moved', () => {
  it('moves typed arrays at any depth and copies the rest', async () => {
    const answer = { y: { dims: [2], data: Float32Array.of(1, 2), labels: ['a', 'b'] }, bytes: Uint8Array.of(3) };
    const copy = structuredClone(answer);
    expect(await call(() => moved(answer))).toEqual(copy);
    expect(answer.y.data.length).toBe(0);
    expect(answer.bytes.length).toBe(0);
    expect(answer.y.labels).toEqual(['a', 'b']);
  });
});
