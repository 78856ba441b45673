import type { WasmVariant } from '../../src/index.js';
import { MAX_THREADS } from '../shared/controls.js';
import type { EngineKind } from '../shared/models.js';

export type SourceKind = 'draw' | 'images' | 'camera';

/** Everything that the page's address carries, so that a link shows the same thing. */
export interface DemoState {
  readonly model: string;
  readonly engine: EngineKind;
  readonly threads: number | 'auto';
  readonly wasm: WasmVariant;
  readonly source: SourceKind;
}

const ENGINES: readonly EngineKind[] = ['lut', 'dense'];
const VARIANTS: readonly WasmVariant[] = ['auto', 'simd', 'relaxed'];
const SOURCES: readonly SourceKind[] = ['draw', 'images', 'camera'];

function oneOf<T extends string>(values: readonly T[], text: string | null): T | undefined {
  return values.find((value) => value === text);
}

/** Reads `#model=digits&threads=2`. Unknown keys and values that mean nothing are ignored: links outlive pages. */
export function parseState(hash: string): Partial<DemoState> {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const threads = query.get('threads');
  const count = Number(threads);
  const model = query.get('model');
  const engine = oneOf(ENGINES, query.get('engine'));
  const wasm = oneOf(VARIANTS, query.get('wasm'));
  const source = oneOf(SOURCES, query.get('source'));
  return {
    ...(model ? { model } : {}),
    ...(engine ? { engine } : {}),
    ...(wasm ? { wasm } : {}),
    ...(source ? { source } : {}),
    ...(threads === 'auto' ? { threads } : {}),
    ...(Number.isInteger(count) && count >= 1 && count <= MAX_THREADS ? { threads: count } : {}),
  };
}

/** The shortest hash that {@link parseState} reads back: defaults other than the model are left out. */
export function formatState(state: DemoState): string {
  const query = new URLSearchParams({ model: state.model, source: state.source });
  if (state.engine !== 'lut') query.set('engine', state.engine);
  if (state.threads !== 'auto') query.set('threads', String(state.threads));
  if (state.wasm !== 'auto') query.set('wasm', state.wasm);
  return `#${query}`;
}
