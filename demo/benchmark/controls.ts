import { ENGINE_IDS, ENGINES } from '../../bench/measure/engines.js';
import type { EngineId } from '../../bench/measure/types.js';
import type { WasmVariant } from '../../src/index.js';
import { html } from '../shared/dom.js';
import { type NetworkChoice, PAGE_ENGINES } from './choices.js';
import type { RunOptions } from './run.js';

const MAX_THREADS = 8;
const VARIANTS: readonly (readonly [WasmVariant, string])[] = [
  ['auto', 'Automatic'],
  ['simd', 'SIMD'],
  ['relaxed', 'Relaxed SIMD'],
];
/** Rounds; fewer than 30 give a first impression only. */
const SAMPLES: readonly (readonly [string, string])[] = [
  ['30', '30'],
  ['10', '10, a quick look'],
  ['60', '60'],
];

function checkbox(name: string, value: string, title: string, note: string, checked: boolean): HTMLElement {
  return html(
    'label',
    { class: 'check' },
    html('input', { type: 'checkbox', name, value, checked }),
    html(
      'span',
      {},
      html('span', { class: 'check-title' }, title),
      note ? html('span', { class: 'help' }, note) : undefined,
    ),
  );
}

function select(name: string, legend: string, options: readonly (readonly [string, string])[], disabled = false) {
  return html(
    'label',
    { class: 'field' },
    html('span', { class: 'legend' }, legend),
    html('select', { name, disabled }, ...options.map(([value, text]) => html('option', { value }, text))),
  );
}

/** Fills the form. @returns what is chosen; undefined when nothing is */
export function createControls(
  form: HTMLFormElement,
  networks: readonly NetworkChoice[],
): () => RunOptions | undefined {
  const count = crossOriginIsolated ? Math.min(MAX_THREADS, Math.max(2, navigator.hardwareConcurrency)) : 1;
  const threads = Array.from({ length: count }, (_, i) => [String(i + 1), String(i + 1)] as const);
  const threadField = select('threads', 'Threads', threads, count === 1);
  form.replaceChildren(
    html(
      'fieldset',
      { class: 'checks' },
      html('legend', {}, 'Networks'),
      ...networks.map(({ id, title, note, chosen }) => checkbox('network', id, title, note, chosen)),
    ),
    html(
      'fieldset',
      { class: 'checks' },
      html('legend', {}, 'Engines'),
      ...PAGE_ENGINES.map((id) => checkbox('engine', id, ENGINES[id].title, '', id !== 'tfjs')),
    ),
    html(
      'div',
      { class: 'settings' },
      threadField,
      select('wasm', 'Lutra’s instructions', VARIANTS),
      select('samples', 'Samples', SAMPLES),
      ...(count === 1 ? [html('p', { class: 'help' }, 'More threads need a cross-origin isolated page.')] : []),
    ),
  );
  form.addEventListener('submit', (event) => event.preventDefault());
  return () => {
    const data = new FormData(form);
    const chosen = new Set(data.getAll('network'));
    const wanted = new Set(data.getAll('engine'));
    const engines = ENGINE_IDS.filter((id): id is EngineId => wanted.has(id));
    const selected = networks.filter(({ id }) => chosen.has(id));
    if (engines.length === 0 || selected.length === 0) return undefined;
    return {
      networks: selected,
      engines,
      // A disabled field is not among the data.
      threads: Number(data.get('threads') ?? 1),
      wasm: data.get('wasm') as WasmVariant,
      samples: Number(data.get('samples')),
    };
  };
}
