/**
 * Comlink as it is used here. Comlink alone keeps only name, message and stack of an error. With the handler below an error arrives as a
 * {@link LutraError} with all its fields. Both threads need the handler, so all modules import this file instead of `comlink`.
 */
import * as Comlink from 'comlink';
import { LutraError } from './errors.js';

export { type Endpoint, proxy, type Remote, transfer } from 'comlink';

const THROW = Comlink.transferHandlers.get('throw') as Comlink.TransferHandler<{ readonly value: unknown }, object>;
const { deserialize } = THROW;

/** Called wherever errors may come or go: an import alone does not install anything. */
function installHandler(): void {
  // The form is Comlink's own, so that an end without this handler understands it, and is understood.
  THROW.serialize = ({ value }) => {
    const error = LutraError.from(value);
    return [{ isError: true, value: { ...error, message: error.message } }, []];
  };
  THROW.deserialize = (sent) => {
    try {
      return deserialize(sent);
    } catch (thrown) {
      throw LutraError.from(thrown);
    }
  };
}

/**
 * Lets another thread call the functions of `api`. What they throw arrives there as a {@link LutraError}.
 *
 * @param endpoint Leads to the other thread. Default: the thread that started this worker.
 */
export function expose(api: object, endpoint?: Comlink.Endpoint): void {
  installHandler();
  Comlink.expose(api, endpoint);
}

/** The functions that the thread at the other end of `endpoint` exposes. They reject with a {@link LutraError}. */
export function wrap<T>(endpoint: Comlink.Endpoint): Comlink.Remote<T> {
  installHandler();
  return Comlink.wrap<T>(endpoint);
}

/** Marks all typed arrays in `message` to be moved to the other thread instead of copied. Here they are empty afterwards. */
export function moved<T extends object>(message: T): T {
  return Comlink.transfer(message, buffersOf(message));
}

function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  return value instanceof Object ? Object.values(value).flatMap(buffersOf) : [];
}
