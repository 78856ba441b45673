import { cpus, type as systemType } from 'node:os';
import type { StepProfile } from '../../src/index.js';
import { alike, variants } from '../measure/contenders.js';
import { ENGINES } from '../measure/engines.js';
import type { NetworkMeasurement } from '../measure/measure.js';
import type { BenchNetwork } from '../measure/network.js';
import { type ColdStart, EMPTY_REPORT, joinReports, type Report, reportNetwork } from '../measure/report.js';
import type { BenchResults, Environment } from '../measure/results.js';
import { quantile } from '../measure/statistics.js';
import type { EngineId, ModelForm } from '../measure/types.js';
import type { ColdReply, ColdRequest } from '../page/cold.js';
import type { MeasureReply, MeasureRequest, PageEnvironment, ProfileRequest } from '../page/measure.js';
import type { SuiteOptions } from './arguments.js';
import { BROWSER_TITLES, type BrowserTab } from './browsers.js';
import type { NetworkFiles } from './models.js';
import type { BenchServer } from './server.js';

/** Everything measured of one network. */
export interface Collected extends Report {
  readonly profile: readonly StepProfile[] | undefined;
}

const POLL_MILLISECONDS = 250;
const TIMEOUT_MILLISECONDS = 900_000;
/** Small networks load quickly enough to be loaded three times. */
const COLD_LOADS = 3;
const LARGE_BYTES = 100e6;

/** Drives the pages through a suite and gathers what they measure. */
export class Collector {
  #report = EMPTY_REPORT;

  private constructor(
    private readonly tab: BrowserTab,
    private readonly server: BenchServer,
    private readonly options: SuiteOptions,
    private readonly environment: Environment,
    private readonly relaxedSimd: boolean,
  ) {}

  static async start(tab: BrowserTab, server: BenchServer, options: SuiteOptions): Promise<Collector> {
    const { environment, relaxedSimd } = await openMeasuring(tab, server, options);
    return new Collector(tab, server, options, environment, relaxedSimd);
  }

  /** Measures one network. What cannot be measured is noted among the failures. */
  async measure(files: NetworkFiles): Promise<Collected> {
    const { id, title, inputs, work } = files;
    const { threads, wasm, samples } = this.options;
    const engines = this.options.engines.filter(
      (engine) => files.files[ENGINES[engine].form] && !files.without.includes(engine),
    );
    const models = Object.fromEntries(
      Object.entries(files.files).map(([form, { file }]) => [form, this.server.address(`models/${file}`)]),
    ) as Partial<Record<ModelForm, string>>;
    const network: BenchNetwork = { id, title, inputs, models, ...(files.rounded ? { rounded: files.rounded } : {}) };
    this.#add({ networks: [{ id, title, work, models: files.files }] });
    try {
      const cold = new Map<EngineId, ColdStart>();
      if (this.options.cold) {
        for (const engine of engines) {
          const start = await this.#firstAnswer(engine, network, files);
          if (start) cold.set(engine, start);
        }
      }
      await this.tab.open(this.server.address('measure.html'));
      const contenders = this.options.variants
        ? variants(engines, threads, this.relaxedSimd)
        : alike(engines, { threads, wasm });
      const request: MeasureRequest = { network, contenders, samples };
      const measured = await measureInPage(this.tab, request);
      const sizes = Object.fromEntries(Object.entries(files.files).map(([form, { bytes }]) => [form, bytes]));
      const report = reportNetwork(network, measured, sizes, cold);
      this.#add(report);
      const wanted: ProfileRequest = { network, threads, wasm };
      const profile = this.options.profile
        ? await this.tab.evaluate<readonly StepProfile[]>(`bench.profile(${JSON.stringify(wanted)})`)
        : undefined;
      return { ...report, profile };
    } catch (thrown) {
      this.#add({ failures: [`${title}: ${thrown instanceof Error ? thrown.message : thrown}`] });
      return { ...EMPTY_REPORT, profile: undefined };
    }
  }

  results(): BenchResults {
    return { environment: this.environment, ...this.#report };
  }

  #add(report: Partial<Report>): void {
    this.#report = joinReports(this.#report, report);
  }

  /** undefined when the engine cannot run the network; the measurement then says why. */
  async #firstAnswer(engine: EngineId, { inputs, models }: BenchNetwork, files: NetworkFiles) {
    const { form } = ENGINES[engine];
    const model = models[form] as string;
    const request: ColdRequest = { engine, model, inputs, threads: this.options.threads };
    const loads = files.files[form]!.bytes > LARGE_BYTES ? 1 : COLD_LOADS;
    const times: number[] = [];
    for (let i = 0; i < loads; i++) {
      this.server.reset();
      await this.tab.fresh(this.server.address(`cold.html#${encodeURIComponent(JSON.stringify(request))}`));
      const reply = await poll<ColdReply>(this.tab, 'window.cold');
      if (reply.milliseconds === undefined) return undefined;
      times.push(reply.milliseconds);
    }
    return { milliseconds: quantile(times, 0.5), runtimeBytes: this.server.sent.runtime } satisfies ColdStart;
  }
}

/** Opens the page that measures. @returns what it says of the browser and the machine */
export async function openMeasuring(tab: BrowserTab, server: BenchServer, { browser, wasm }: SuiteOptions) {
  await tab.open(server.address('measure.html'));
  const page = await tab.evaluate<PageEnvironment>('bench.environment()');
  const environment: Environment = {
    browser: `${BROWSER_TITLES[browser]} ${tab.version}`,
    user_agent: page.userAgent,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${systemType()}`,
    cores: page.cores,
    cross_origin_isolated: page.isolated,
    wasm,
    timer_grain_ms: page.grain,
    date: new Date().toISOString(),
  };
  return { environment, relaxedSimd: page.relaxedSimd };
}

/** @throws Error with what the page says went wrong */
export async function measureInPage(tab: BrowserTab, request: MeasureRequest): Promise<NetworkMeasurement> {
  await tab.evaluate(`void bench.measure(${JSON.stringify(request)})`);
  const reply = await poll<MeasureReply>(tab, 'bench.reply', 'bench.status');
  if (!reply.measured) throw new Error(reply.error);
  return reply.measured;
}

/** Waits for an expression of the page to have a value. */
async function poll<T>(tab: BrowserTab, expression: string, status?: string): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MILLISECONDS;
  while (performance.now() < deadline) {
    const value = await tab.evaluate<T | null>(`${expression} ?? null`);
    if (value !== null) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
  }
  const last = status === undefined ? '' : `: ${await tab.evaluate<string>(status)}`;
  throw new Error(`no answer in ${TIMEOUT_MILLISECONDS / 1000} s${last}`);
}
