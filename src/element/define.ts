/**
 * Defines `<lutra-classifier>`.
 *
 * @packageDocumentation
 */
import { LutraClassifierElement } from './classifier-element.js';

// Two copies of the library on a page must not fail each other; a server has no registry.
if (globalThis.customElements && !customElements.get('lutra-classifier')) {
  customElements.define('lutra-classifier', LutraClassifierElement);
}

declare global {
  interface HTMLElementTagNameMap {
    'lutra-classifier': LutraClassifierElement;
  }
}
