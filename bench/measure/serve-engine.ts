import { expose } from '../../src/comlink.js';
import { type Adapters, loadAdapter } from './adapters.js';
import { type CheckForm, checkForm } from './check-forms.js';
import { timerGrain } from './grain.js';
import type { Contender, EngineSession, Tensors } from './types.js';
import { memoryBytes, watchMemories } from './wasm-memory.js';

export interface OpenRequest {
  readonly contender: Contender;
  readonly model: string | Uint8Array<ArrayBuffer>;
  readonly feeds: Tensors;
  /** Run this form of the lookup network instead. */
  readonly check?: CheckForm | undefined;
}

/** Labelled examples for a network with one input. */
export interface TestSet {
  /** Address of the inputs of all examples, float32 one after the other. */
  readonly inputs: string;
  /** Class of every example. */
  readonly labels: readonly number[];
}

export interface EngineFacts {
  readonly threads: number;
  readonly build: string;
  /** Least difference of two readings of this thread's clock, milliseconds. */
  readonly grain: number;
}

/** Makes this worker run one engine with one network. Nothing else runs here, so that ending the worker frees all memory of the engine. */
export function serveEngine(adapters: Adapters): void {
  watchMemories();
  expose(engineApi(adapters));
}

export type EngineWorker = ReturnType<typeof engineApi>;

function engineApi(adapters: Adapters) {
  let session: EngineSession | undefined;
  let feeds: Tensors = {};
  return {
    async open({ contender, model, feeds: given, check }: OpenRequest): Promise<EngineFacts> {
      const { engine, threads, wasm } = contender;
      const adapter = await loadAdapter(adapters, engine);
      session = await adapter.open(check ? checkForm(await bytesOf(model), check) : model, {
        threads,
        wasm,
        inWorker: true,
      });
      feeds = given;
      return { threads: session.threads, build: session.build, grain: timerGrain() };
    },

    /** Outputs for the given feeds, copied out of the engine's memory. */
    async answer(): Promise<Tensors> {
      const outputs = await session!.run(feeds);
      const entries = Object.entries(outputs).map(([name, { type, dims, data }]) => [
        name,
        { type, dims: [...dims], data: data.slice() },
      ]);
      return Object.fromEntries(entries);
    },

    /** Mean milliseconds of `runs` runs in a row, after one that is not timed. */
    async sample(runs: number): Promise<number> {
      await session!.run(feeds);
      const start = performance.now();
      for (let i = 0; i < runs; i++) await session!.run(feeds);
      return (performance.now() - start) / runs;
    },

    /** Answers every example by itself, as it is timed. @returns how many answers are right: the highest value is the class */
    async countCorrect({ inputs, labels }: TestSet): Promise<number> {
      const all = new Float32Array(await (await fetch(inputs)).arrayBuffer());
      const size = all.length / labels.length;
      const [name, given] = Object.entries(feeds)[0]!;
      let correct = 0;
      for (const [i, label] of labels.entries()) {
        const outputs = await session!.run({ [name]: { ...given, data: all.slice(i * size, (i + 1) * size) } });
        const scores = Object.values(outputs)[0]!.data as Float32Array;
        if (scores.every((score) => Number.isFinite(score)) && scores.indexOf(Math.max(...scores)) === label) correct++;
      }
      return correct;
    },

    memoryBytes,
  };
}

async function bytesOf(model: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return typeof model === 'string' ? new Uint8Array(await (await fetch(model)).arrayBuffer()) : model;
}
