import { html } from './dom.js';

export type Choice<T extends string = string> = readonly [value: T, label: string];

/** A row of buttons of which one is down. */
export function segments(name: string, legend: string, choices: readonly Choice[]): HTMLFieldSetElement {
  const options = choices.map(([value, label]) =>
    html(
      'label',
      { class: 'segment' },
      html('input', { type: 'radio', name, value, class: 'visually-hidden' }),
      html('span', {}, label),
    ),
  );
  return html('fieldset', {}, html('legend', {}, legend), html('div', { class: 'segments' }, ...options));
}

/** A drop-down list with its name above it. */
export function select(
  name: string,
  legend: string,
  choices: readonly Choice[],
  { chosen, disabled = false }: { readonly chosen?: string; readonly disabled?: boolean } = {},
): HTMLLabelElement {
  const options = choices.map(([value, label]) => html('option', { value, selected: value === chosen }, label));
  return html(
    'label',
    { class: 'field' },
    html('span', { class: 'legend' }, legend),
    html('select', { name, disabled }, ...options),
  );
}
