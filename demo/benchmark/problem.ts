import { LutraError } from '../../src/errors.js';
import { html } from '../shared/dom.js';

/** What went wrong, with its machine-readable reason. */
export function problemView(thrown: unknown): HTMLElement {
  const { message, code } = LutraError.from(thrown);
  return html('div', { class: 'problem', role: 'alert' }, html('p', {}, message), html('code', {}, code));
}
