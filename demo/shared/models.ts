import { LutraError } from '../../src/index.js';

/** What computes: the lookup network or the dense network that it came from. */
export type EngineKind = 'lut' | 'dense';

/** One entry of models/models.json: a lookup network, the dense network it came from, and its card. */
export interface ModelEntry {
  readonly id: string;
  readonly title: string;
  /** Absolute addresses. */
  readonly lut: string;
  readonly dense: string;
  readonly card: string | undefined;
  /** True when the network reads handwriting, so that the drawing pad makes sense. */
  readonly pad: boolean;
}

const text = (value: unknown): value is string => typeof value === 'string' && value !== '';

/**
 * Reads the list of models for a task that this site carries.
 * @throws {LutraError} `LOAD_FAILED` when the list cannot be fetched, is not what it should be, or names no such model.
 */
export async function loadModelList(base: URL, wanted: 'image' | 'audio'): Promise<readonly ModelEntry[]> {
  const url = new URL('models/models.json', base);
  const hint = 'The folder public/models of this site should hold it';
  const response = await fetch(url).catch((cause: unknown) => {
    throw new LutraError('LOAD_FAILED', 'the list of models could not be fetched', { hint, cause });
  });
  if (!response.ok) {
    throw new LutraError('LOAD_FAILED', `the list of models answered HTTP ${response.status}`, { hint });
  }
  const list: unknown = await response.json().catch((cause: unknown) => {
    throw new LutraError('LOAD_FAILED', 'the list of models is not JSON', { hint, cause });
  });
  const entries = Array.isArray(list) ? (list as Record<string, unknown>[]) : [];
  const models = entries.flatMap((entry): ModelEntry[] => {
    const { id, title, task, lut, dense, card, pad } = entry;
    if (task !== wanted || !text(id) || !text(title) || !text(lut) || !text(dense)) return [];
    const absolute = (file: string) => new URL(file, url).href;
    const cardUrl = text(card) ? absolute(card) : undefined;
    return [{ id, title, lut: absolute(lut), dense: absolute(dense), card: cardUrl, pad: pad === true }];
  });
  if (models.length === 0) throw new LutraError('LOAD_FAILED', `the list of models names no ${wanted} model`, { hint });
  return models;
}
