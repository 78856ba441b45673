import { canShareMemory } from '../../src/engine/features.js';
import type { WasmVariant } from '../../src/index.js';
import { type Choice, segments, select } from '../shared/controls.js';
import { html } from '../shared/dom.js';
import type { ModelEntry } from './models.js';
import { type DemoState, type EngineKind, MAX_THREADS } from './state.js';

const ENGINES: readonly Choice<EngineKind>[] = [
  ['lut', 'Lookup'],
  ['dense', 'Dense original'],
];
const VARIANTS: readonly Choice<WasmVariant>[] = [
  ['auto', 'Automatic'],
  ['simd', 'SIMD'],
  ['relaxed', 'Relaxed SIMD'],
];

/** Fills the form; `onChange` gets what the user changed. Threads are offered only where memory can be shared. */
export function createControls(
  form: HTMLFormElement,
  models: readonly ModelEntry[],
  onChange: (change: Partial<DemoState>) => void,
): { show(state: DemoState): void } {
  const count = canShareMemory() ? Math.min(MAX_THREADS, Math.max(2, navigator.hardwareConcurrency)) : 1;
  const threads = Array.from({ length: count }, (_, i): Choice => [String(i + 1), String(i + 1)]);
  const threadChoices: readonly Choice[] = count === 1 ? threads : [['auto', 'Automatic'], ...threads];
  const field = select('threads', 'Threads', threadChoices, { disabled: count === 1 });
  if (count === 1) field.title = 'More threads need a cross-origin isolated page';
  form.replaceChildren(
    segments(
      'model',
      'Network',
      models.map(({ id, title }) => [id, title]),
    ),
    segments('engine', 'Computed by', ENGINES),
    html('div', { class: 'fields' }, field, select('wasm', 'Instructions', VARIANTS)),
  );
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', (event) => {
    const { name, value } = event.target as HTMLInputElement | HTMLSelectElement;
    if (name === 'threads') onChange({ threads: value === 'auto' ? 'auto' : Number(value) });
    else onChange({ [name]: value });
  });
  return {
    show(state) {
      const shown = { ...state, threads: count === 1 ? 1 : state.threads };
      for (const control of form.elements) {
        if (control instanceof HTMLInputElement) {
          control.checked = control.value === shown[control.name as 'model' | 'engine'];
        } else if (control instanceof HTMLSelectElement) {
          control.value = String(shown[control.name as 'threads' | 'wasm']);
        }
      }
    },
  };
}
