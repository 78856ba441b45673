import { canShareMemory } from '../../src/engine/features.js';
import type { WasmVariant } from '../../src/index.js';
import { html } from './dom.js';
import type { EngineKind, ModelEntry } from './models.js';

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

export const MAX_THREADS = 8;
const ENGINES: readonly Choice<EngineKind>[] = [
  ['lut', 'Lookup'],
  ['dense', 'Dense original'],
];
const VARIANTS: readonly Choice<WasmVariant>[] = [
  ['auto', 'Automatic'],
  ['simd', 'SIMD'],
  ['relaxed', 'Relaxed SIMD'],
];

/** The network, and what computes it. */
export function networkFields(models: readonly ModelEntry[]): HTMLFieldSetElement[] {
  const networks = models.map(({ id, title }): Choice => [id, title]);
  return [segments('model', 'Network', networks), segments('engine', 'Computed by', ENGINES)];
}

/** The number of threads, after `first`. Without shared memory there is one thread and no choice, and the title says why. */
export function threadField(...first: Choice[]): HTMLLabelElement {
  const shared = canShareMemory();
  const count = shared ? Math.min(MAX_THREADS, Math.max(2, navigator.hardwareConcurrency)) : 1;
  const numbers = Array.from({ length: count }, (_, i): Choice => [String(i + 1), String(i + 1)]);
  const field = select('threads', 'Threads', shared ? [...first, ...numbers] : numbers, { disabled: !shared });
  if (!shared) field.title = 'More threads need a cross-origin isolated page';
  return field;
}

export function wasmField(legend: string): HTMLLabelElement {
  return select('wasm', legend, VARIANTS);
}

/** Shows values in the controls of their names. */
export function showValues(form: HTMLFormElement, values: Readonly<Record<string, string | number>>): void {
  for (const control of form.elements) {
    if (control instanceof HTMLInputElement && control.type === 'radio') {
      control.checked = control.value === values[control.name];
    } else if (control instanceof HTMLInputElement || (control instanceof HTMLSelectElement && !control.disabled)) {
      control.value = String(values[control.name]);
    }
  }
}
