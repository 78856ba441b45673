/** What bench/suite.ts drives: measures networks on request. */

import { hasRelaxedSimd } from '../../src/engine/features.js';
import { InferenceSession, type StepProfile } from '../../src/index.js';
import { timerGrain } from '../measure/grain.js';
import { type MeasureOptions, measureNetwork, type NetworkMeasurement } from '../measure/measure.js';
import { type BenchNetwork, exampleFeeds } from '../measure/network.js';
import type { Contender } from '../measure/types.js';

export interface MeasureRequest extends Omit<MeasureOptions, 'signal' | 'onProgress' | 'createWorker'> {
  readonly network: BenchNetwork;
}

export interface ProfileRequest extends Omit<Contender, 'engine'> {
  readonly network: BenchNetwork;
}

export interface MeasureReply {
  readonly measured?: NetworkMeasurement;
  readonly error?: string;
}

export interface PageEnvironment {
  readonly userAgent: string;
  readonly cores: number;
  readonly isolated: boolean;
  readonly grain: number;
  readonly relaxedSimd: boolean;
}

declare global {
  interface Window {
    bench: {
      measure(request: MeasureRequest): void;
      /** undefined while the measurement goes on. */
      reply: MeasureReply | undefined;
      /** What it is doing. */
      status: string;
      environment(): PageEnvironment;
      /** Time of every step of Lutra's lookup network. */
      profile(request: ProfileRequest): Promise<readonly StepProfile[]>;
    };
  }
}

/** Browsers compile hot code during the first runs. */
const PROFILE_WARM_UP = 30;

window.bench = {
  reply: undefined,
  status: '',
  measure({ network, ...options }) {
    window.bench.reply = undefined;
    const signal = new AbortController().signal;
    measureNetwork(network, {
      ...options,
      signal,
      createWorker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
      onProgress: ({ stage, engine, done, total }) => {
        window.bench.status = `${stage} ${engine ?? ''} ${done}/${total}`;
      },
    }).then(
      (measured) => {
        window.bench.reply = { measured };
      },
      (thrown: unknown) => {
        window.bench.reply = { error: String(thrown) };
      },
    );
  },
  async profile({ network, threads, wasm }) {
    const session = await InferenceSession.create(network.models.lut!, { threads, wasm });
    const feeds = exampleFeeds(network.inputs);
    for (let i = 0; i < PROFILE_WARM_UP; i++) await session.run(feeds);
    const profile = await session.profile(feeds);
    await session.release();
    return profile;
  },
  environment: () => ({
    userAgent: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    isolated: crossOriginIsolated,
    grain: timerGrain(),
    relaxedSimd: hasRelaxedSimd(),
  }),
};
