import { networkFields, showValues, threadField, wasmField } from '../shared/controls.js';
import { html } from '../shared/dom.js';
import type { ModelEntry } from '../shared/models.js';
import type { DemoState } from './state.js';

/** Fills the form; `onChange` gets what the user changed. Threads are offered only where memory can be shared. */
export function createControls(
  form: HTMLFormElement,
  models: readonly ModelEntry[],
  onChange: (change: Partial<DemoState>) => void,
): { show(state: DemoState): void } {
  const settings = html('div', { class: 'fields' }, threadField(['auto', 'Automatic']), wasmField('Instructions'));
  form.replaceChildren(...networkFields(models), settings);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', (event) => {
    const { name, value } = event.target as HTMLInputElement | HTMLSelectElement;
    if (name === 'threads') onChange({ threads: value === 'auto' ? 'auto' : Number(value) });
    else onChange({ [name]: value });
  });
  return { show: (state) => showValues(form, { ...state }) };
}
