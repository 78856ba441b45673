/** Builds or fetches networks off the page's own thread: the largest take many seconds. */
import * as Comlink from 'comlink';
import { type NetworkFacts, networkFacts, writeForms } from '../../bench/measure/prepare.js';
import type { ModelForm } from '../../bench/measure/types.js';
import { LutraError } from '../../src/errors.js';
import type { Graph } from '../../src/graph/types.js';
import { catalogueEntry, lookupForm } from '../../src/networks/catalogue.js';
import { parseModel } from '../../src/onnx/parse.js';
import type { NetworkSource } from './choices.js';

export interface PreparedNetwork extends NetworkFacts {
  readonly models: Partial<Record<ModelForm, Uint8Array<ArrayBuffer>>>;
  /** Hexadecimal SHA-256 of every file. */
  readonly sha256: Partial<Record<ModelForm, string>>;
}

const api = {
  /** @throws LutraError when a file cannot be fetched or is no model */
  async prepare(source: NetworkSource): Promise<PreparedNetwork> {
    const [dense, lookup] = await graphs(source);
    const facts = networkFacts(dense, lookup);
    const models: PreparedNetwork['models'] = {};
    await writeForms(dense, lookup, facts.inputs, (form, bytes) => {
      models[form] = bytes;
    });
    const sha256: PreparedNetwork['sha256'] = {};
    for (const [form, bytes] of Object.entries(models)) sha256[form as ModelForm] = await digest(bytes);
    const buffers = Object.values(models).map(({ buffer }) => buffer);
    return Comlink.transfer({ ...facts, models, sha256 }, buffers);
  },
};
export type PrepareWorker = typeof api;

async function graphs(source: NetworkSource): Promise<readonly [dense: Graph, lookup: Graph]> {
  if (source.kind === 'shipped') return [await fetchGraph(source.dense), await fetchGraph(source.lut)];
  const entry = catalogueEntry(source.id);
  const dense = entry.dense();
  return [dense, lookupForm(entry, dense)];
}

async function fetchGraph(url: string): Promise<Graph> {
  const response = await fetch(url);
  if (!response.ok) throw new LutraError('LOAD_FAILED', `${url} answered HTTP ${response.status}`);
  return parseModel(new Uint8Array(await response.arrayBuffer()));
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

Comlink.expose(api);
