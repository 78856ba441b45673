import { parentPort, workerData } from 'node:worker_threads';
import { type Endpoint, expose } from '../src/comlink.js';
import { CONTROL, partOf } from '../src/engine/control.js';
import { type HelperApi, helperApi } from '../src/engine/threads.js';

const section = (id: number, ...bytes: number[]): number[] => [id, bytes.length, ...bytes];
const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

/** (module (func (export "matmul") (param i32 i32 i32 i32) unreachable)) */
const TRAPPING = new WebAssembly.Module(
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 0),
    ...section(3, 1, 0),
    ...section(7, 1, ...name('matmul'), 0, 0),
    ...section(10, 1, 3, 0, 0, 0x0b),
  ]),
);

const take = (control: Int32Array, ticket: number): boolean =>
  partOf(ticket) < 2 && Atomics.compareExchange(control, CONTROL.ticket, ticket, ticket + 1) === ticket;

/** A helper that traps in its kernel, that dies at once or with a part in its hands, or that cannot take up a plan. */
const api: HelperApi = {
  ping() {},
  help(task) {
    if (workerData === 'refuses') throw new Error('no');
    if (workerData === 'traps') return helperApi.help({ ...task, module: TRAPPING });
    Atomics.store(task.control, CONTROL.loaded + task.thread, task.plan);
    if (workerData === 'takes a part and dies') {
      for (let ticket = -1; ticket < 0 || !take(task.control, ticket); ) {
        ticket = Atomics.load(task.control, CONTROL.ticket);
      }
    }
  },
};
expose(api, parentPort as unknown as Endpoint);
