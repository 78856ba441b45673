/** What bench/suite.ts drives: measures networks on request. */
import { timerGrain } from '../measure/grain.js';
import { type EngineMeasurement, type MeasureOptions, measureNetwork } from '../measure/measure.js';
import type { BenchNetwork } from '../measure/network.js';

export interface MeasureRequest extends Omit<MeasureOptions, 'signal' | 'onProgress'> {
  readonly network: BenchNetwork;
}

export interface MeasureReply {
  readonly measured?: readonly EngineMeasurement[];
  readonly error?: string;
}

declare global {
  interface Window {
    bench: {
      measure(request: MeasureRequest): void;
      /** undefined while the measurement goes on. */
      reply: MeasureReply | undefined;
      /** What it is doing. */
      status: string;
      environment(): Record<string, unknown>;
    };
  }
}

window.bench = {
  reply: undefined,
  status: '',
  measure({ network, ...options }) {
    window.bench.reply = undefined;
    const signal = new AbortController().signal;
    measureNetwork(network, {
      ...options,
      signal,
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
  environment: () => ({
    userAgent: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    isolated: crossOriginIsolated,
    grain: timerGrain(),
  }),
};
