import { ENGINE_IDS, ENGINES } from '../../bench/measure/engines.js';
import type { EngineId } from '../../bench/measure/types.js';
import type { WasmVariant } from '../../src/index.js';
import { type Choice, select, threadField, wasmField } from '../shared/controls.js';
import { html } from '../shared/dom.js';
import { type NetworkChoice, PAGE_ENGINES } from './choices.js';
import type { RunOptions } from './run.js';

/** Rounds; fewer than 30 give a first impression only. */
const SAMPLES: readonly Choice[] = [
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

/** Fills the form. @returns what is chosen; undefined when nothing is */
export function createControls(
  form: HTMLFormElement,
  networks: readonly NetworkChoice[],
): () => RunOptions | undefined {
  const threads = threadField();
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
      threads,
      wasmField('Lutra’s instructions'),
      select('samples', 'Samples', SAMPLES),
      threads.title ? html('p', { class: 'help' }, `${threads.title}.`) : undefined,
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
