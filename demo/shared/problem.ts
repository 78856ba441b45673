import { LutraError } from '../../src/errors.js';
import { html } from './dom.js';

/** What went wrong, with its machine-readable reason and with buttons that do something about it. */
export function problemView(thrown: unknown, ...buttons: HTMLButtonElement[]): HTMLElement {
  const { message, code } = LutraError.from(thrown);
  const row = html('div', { class: 'row' }, ...buttons, html('code', {}, code));
  return html('div', { class: 'problem', role: 'alert' }, html('p', {}, message), row);
}
