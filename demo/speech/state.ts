import type { EngineKind } from '../shared/models.js';

/** Everything that the page's address carries, so that a link shows the same thing. */
export interface SpeechState {
  readonly model: string;
  readonly engine: EngineKind;
  /** Smoothed probability from which on a word counts, in percent. */
  readonly threshold: number;
}

export const DEFAULT_THRESHOLD = 70;
export const MIN_THRESHOLD = 20;
export const MAX_THRESHOLD = 99;

/** Reads `#model=keywords&threshold=80`. Unknown keys and values that mean nothing are ignored: links outlive pages. */
export function parseState(hash: string): Partial<SpeechState> {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const model = query.get('model');
  const engine = query.get('engine');
  const threshold = Number(query.get('threshold') ?? Number.NaN);
  const fits = Number.isInteger(threshold) && threshold >= MIN_THRESHOLD && threshold <= MAX_THRESHOLD;
  return {
    ...(model ? { model } : {}),
    ...(engine === 'lut' || engine === 'dense' ? { engine } : {}),
    ...(fits ? { threshold } : {}),
  };
}

/** The shortest hash that {@link parseState} reads back: defaults other than the model are left out. */
export function formatState({ model, engine, threshold }: SpeechState): string {
  const query = new URLSearchParams({ model });
  if (engine !== 'lut') query.set('engine', engine);
  if (threshold !== DEFAULT_THRESHOLD) query.set('threshold', String(threshold));
  return `#${query}`;
}
