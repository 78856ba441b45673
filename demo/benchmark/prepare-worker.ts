/** Builds or fetches networks off the page's own thread: the largest take many seconds. */
import { type NetworkFacts, networkFacts, writeForms } from '../../bench/measure/prepare.js';
import type { ModelForm } from '../../bench/measure/types.js';
import { catalogueEntry, lookupForm } from '../../bench/networks/catalogue.js';
import { expose, moved } from '../../src/comlink.js';
import { LutraError } from '../../src/errors.js';
import { raiseOpset } from '../../src/graph/passes/raise-opset.js';
import { simplify } from '../../src/graph/passes/simplify.js';
import type { Graph } from '../../src/graph/types.js';
import { parseModel } from '../../src/onnx/parse.js';
import { COMPLETE_OPERATORS } from '../../src/ops/complete.js';
import type { NetworkSource } from './choices.js';

export interface PreparedNetwork extends NetworkFacts {
  readonly models: Partial<Record<ModelForm, Uint8Array<ArrayBuffer>>>;
  /** Hexadecimal SHA-256 of every file. */
  readonly sha256: Partial<Record<ModelForm, string>>;
}

const api = {
  /** @throws LutraError when a file cannot be fetched or is no model */
  async prepare(source: NetworkSource): Promise<PreparedNetwork> {
    const { dense, lookup, files } = await load(source);
    const facts = networkFacts(dense, lookup);
    const models: PreparedNetwork['models'] = {};
    await writeForms(dense, lookup, facts.inputs, (form, bytes) => {
      models[form] = files[form] ?? bytes;
    });
    const sha256: PreparedNetwork['sha256'] = {};
    for (const [form, bytes] of Object.entries(models)) sha256[form as ModelForm] = await digest(bytes);
    return moved({ ...facts, models, sha256 });
  },
};
export type PrepareWorker = typeof api;

interface Loaded {
  readonly dense: Graph;
  readonly lookup: Graph;
  /** Files that exist as they are. */
  readonly files: PreparedNetwork['models'];
}

async function load(source: NetworkSource): Promise<Loaded> {
  if (source.kind === 'generated') {
    const entry = catalogueEntry(source.id);
    const dense = entry.dense();
    return { dense, lookup: lookupForm(entry, dense), files: {} };
  }
  const files = { dense: await download(source.dense), lut: await download(source.lut) };
  // Quantizing wants normalization folded into the convolutions and an opset with scales per channel.
  return {
    dense: raiseOpset(simplify(parseModel(files.dense), COMPLETE_OPERATORS), COMPLETE_OPERATORS),
    lookup: parseModel(files.lut),
    files,
  };
}

async function download(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new LutraError('LOAD_FAILED', `${url} answered HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
expose(api);
