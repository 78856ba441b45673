import { CATALOGUE } from '../networks/catalogue.js';
import type { SuiteOptions } from './arguments.js';
import { TINY_IDS } from './models.js';

const SUITES: Readonly<Record<string, readonly string[]>> = {
  seed: CATALOGUE.map(({ id }) => id),
  tiny: TINY_IDS,
};

/** Identifiers of the networks asked for. @throws Error that says what there is */
export function suiteNetworks({ suite, networks }: SuiteOptions): readonly string[] {
  const all = SUITES[suite];
  if (!all) throw new Error(`--suite ${suite}: expected one of ${Object.keys(SUITES).join(', ')}`);
  for (const id of networks ?? []) {
    if (!all.includes(id)) throw new Error(`--networks ${id}: expected some of ${all.join(', ')}`);
  }
  return networks ?? all;
}
