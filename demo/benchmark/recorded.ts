import { LutraError } from '../../src/errors.js';
import type { Dataset } from './compare.js';
import { describeResults, parseResults } from './results-file.js';

/**
 * Results that ship with the site: results/index.json lists their files. A site without any has an empty list.
 *
 * @throws LutraError `LOAD_FAILED`, `INVALID_DATA`
 */
export async function loadRecorded(base: URL): Promise<readonly Dataset[]> {
  const folder = new URL('results/', base);
  const names: unknown = JSON.parse(await fetchText(new URL('index.json', folder)));
  if (!Array.isArray(names)) throw new LutraError('INVALID_DATA', 'results/index.json is not a list of files');
  return Promise.all(
    names.map(async (name) => {
      const results = parseResults(await fetchText(new URL(String(name), folder)));
      return { label: `${describeResults(results)} (recorded)`, results };
    }),
  );
}

async function fetchText(url: URL): Promise<string> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new LutraError('LOAD_FAILED', 'recorded results could not be fetched', { cause });
  });
  if (!response.ok) throw new LutraError('LOAD_FAILED', `${url.pathname} answered HTTP ${response.status}`);
  return response.text();
}
