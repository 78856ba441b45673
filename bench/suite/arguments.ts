import { parseArgs } from 'node:util';
import { ENGINE_IDS, OWN_ENGINES } from '../measure/engines.js';
import type { EngineId } from '../measure/types.js';
import type { BrowserName } from './browsers.js';

export interface SuiteOptions {
  readonly suite: string;
  readonly browser: BrowserName;
  readonly threads: number;
  readonly engines: readonly EngineId[];
  /** Identifiers of networks; undefined means all of the suite. */
  readonly networks: readonly string[] | undefined;
  readonly samples: number;
  readonly wasm: 'auto' | 'simd' | 'relaxed';
  /** Measure Lutra's ways to run against each other instead: builds, and one thread against `threads`. */
  readonly variants: boolean;
  /** Where the results go. */
  readonly json: string | undefined;
  /** Add the results to those that the benchmark page finds. */
  readonly record: boolean;
  /** Print the time of every layer of the lookup networks. */
  readonly profile: boolean;
  /** Measure the time from navigation to the first answer, too. */
  readonly cold: boolean;
}

export const USAGE = `usage: npm run bench -- [options]
  --suite seed|tiny|trained    which networks: those of LUT-NN, MLPerf Tiny's, or the shipped ones with their accuracy (the last two
                               need ../shared/data)
  --networks ID,ID             only these of the suite
  --browser chromium|firefox|webkit
  --threads 1|2                of every engine
  --engines ${ENGINE_IDS.join(',')}
  --samples 30                 at least 30 for a report; fewer for a quick look
  --wasm auto|simd|relaxed     Lutra's Wasm build
  --variants                   Lutra against itself in one run: plain against relaxed SIMD, two threads (or --threads) against one
  --json FILE                  write the results there
  --record                     add them to public/results, for the page
  --profile                    print where the lookup networks spend their time
  --no-cold                    leave out the first answer of a fresh page`;

const BROWSERS = ['chromium', 'firefox', 'webkit'];
const VARIANTS = ['auto', 'simd', 'relaxed'];

/** @throws Error that says which option is wrong */
export function readArguments(argv: readonly string[]): SuiteOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      suite: { type: 'string', default: 'seed' },
      networks: { type: 'string' },
      browser: { type: 'string', default: 'chromium' },
      threads: { type: 'string' },
      engines: { type: 'string', default: 'lutra,lutra-dense,ort-f32,ort-int8' },
      samples: { type: 'string', default: '30' },
      wasm: { type: 'string', default: 'auto' },
      variants: { type: 'boolean', default: false },
      json: { type: 'string' },
      record: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      'no-cold': { type: 'boolean', default: false },
    },
  });
  const oneOf = <T extends string>(option: string, value: string, allowed: readonly T[]): T => {
    const found = allowed.find((name) => name === value);
    if (found === undefined) throw new Error(`--${option} ${value}: expected one of ${allowed.join(', ')}`);
    return found;
  };
  const count = (option: string, text: string, most: number): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new Error(`--${option} ${text}: expected a number from 1 to ${most}`);
    }
    return value;
  };
  const { variants } = values;
  const named = values.engines.split(',').map((engine) => oneOf('engines', engine, ENGINE_IDS));
  const engines = variants ? named.filter((engine) => OWN_ENGINES.includes(engine)) : named;
  if (engines.length === 0)
    throw new Error(`--engines ${values.engines}: --variants measures ${OWN_ENGINES.join(', ')}`);
  if (variants && values.wasm !== 'auto') throw new Error(`--wasm ${values.wasm}: --variants measures every build`);
  return {
    suite: values.suite,
    browser: oneOf('browser', values.browser, BROWSERS) as BrowserName,
    threads: count('threads', values.threads ?? (variants ? '2' : '1'), 64),
    engines,
    variants,
    networks: values.networks?.split(','),
    samples: count('samples', values.samples, 10_000),
    wasm: oneOf('wasm', values.wasm, VARIANTS) as SuiteOptions['wasm'],
    json: values.json,
    record: values.record,
    profile: values.profile,
    // It does not depend on the variant.
    cold: !values['no-cold'] && !variants,
  };
}
