import { networkFields, showValues } from '../shared/controls.js';
import { html } from '../shared/dom.js';
import type { ModelEntry } from '../shared/models.js';
import { MAX_THRESHOLD, MIN_THRESHOLD, type SpeechState } from './state.js';

/** Fills the form; `onChange` gets what the user changed. */
export function createControls(
  form: HTMLFormElement,
  models: readonly ModelEntry[],
  onChange: (change: Partial<SpeechState>) => void,
): { show(state: SpeechState): void } {
  const slider = html('input', {
    type: 'range',
    name: 'threshold',
    id: 'threshold',
    min: MIN_THRESHOLD,
    max: MAX_THRESHOLD,
    step: 1,
  });
  const output = html('output', { for: 'threshold', class: 'threshold-value' });
  form.replaceChildren(
    ...networkFields(models),
    html(
      'div',
      { class: 'fields threshold' },
      html('label', { class: 'legend', for: 'threshold' }, 'A word counts from'),
      html('div', { class: 'threshold-row' }, slider, output),
    ),
  );
  form.addEventListener('submit', (event) => event.preventDefault());
  slider.addEventListener('input', () => onChange({ threshold: slider.valueAsNumber }));
  form.addEventListener('change', (event) => {
    const { name, value } = event.target as HTMLInputElement;
    if (name !== 'threshold') onChange({ [name]: value });
  });
  return {
    show(state) {
      showValues(form, { ...state });
      output.textContent = `${state.threshold} %`;
    },
  };
}
