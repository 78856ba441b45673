import { ENGINES } from './engines.js';
import type { BenchResults, EngineResult, RatioResult } from './results.js';

const BUILDS: Readonly<Record<string, string>> = { simd: 'plain SIMD', relaxed: 'relaxed SIMD' };

/** How a Wasm build of Lutra is called. */
export function buildTitle(build: string): string {
  return BUILDS[build] ?? build;
}

/** All ways in which the engine of a result ran its network. */
function waysOf({ network, engine }: EngineResult, all: readonly EngineResult[]): readonly EngineResult[] {
  return all.filter((other) => other.network === network && other.engine === engine);
}

/** The engine's title, with its build where it ran the network with several. */
export function engineTitle(result: EngineResult, all: readonly EngineResult[]): string {
  const { title } = ENGINES[result.engine];
  return waysOf(result, all).every(({ build }) => build === result.build)
    ? title
    : `${title}, ${buildTitle(result.build)}`;
}

/** The engine's title, short enough for a chart. It says how the engine ran if it did not run as in its first result. */
export function wayTitle(result: EngineResult, all: readonly EngineResult[]): string {
  const [first] = waysOf(result, all);
  const threads = result.threads === first!.threads ? '' : ` × ${result.threads}`;
  const build = result.build === first!.build ? '' : `, ${buildTitle(result.build)}`;
  return `${ENGINES[result.engine].title}${threads}${build}`;
}

function isVariant({ versus_threads }: RatioResult): boolean {
  return versus_threads !== undefined;
}

/** The ratios that compare two ways in which one engine ran. */
export function variantRatios({ ratios, dense_ratios }: Pick<BenchResults, 'ratios' | 'dense_ratios'>) {
  return [...ratios, ...dense_ratios].filter(isVariant);
}

/** "2 threads against 1", "plain SIMD against relaxed SIMD". */
export function variantTitle({ threads, build, versus_threads, versus_build }: RatioResult): string {
  const parts = [
    ...(threads === versus_threads ? [] : [`${threads} threads against ${versus_threads}`]),
    ...(build === versus_build ? [] : [`${buildTitle(build ?? '')} against ${buildTitle(versus_build ?? '')}`]),
  ];
  return parts.join(', ');
}

/** How many times faster lookups are than another engine. undefined for later results of the same engine. */
export function peerRatio(
  result: EngineResult,
  { results, ratios }: Pick<BenchResults, 'results' | 'ratios'>,
): RatioResult | undefined {
  const { network, engine } = result;
  if (waysOf(result, results)[0] !== result) return undefined;
  return ratios.find((ratio) => ratio.network === network && ratio.versus === engine && !isVariant(ratio));
}
