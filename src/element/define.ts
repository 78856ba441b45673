/**
 * Defines `<lutra-classifier>`.
 *
 * @packageDocumentation
 */
import { LutraClassifierElement } from './classifier-element.js';

// Two copies of the library may be on a page, and a server has no registry.
if (globalThis.customElements && !customElements.get('lutra-classifier')) {
  customElements.define('lutra-classifier', LutraClassifierElement);
}

declare global {
  interface HTMLElementTagNameMap {
    'lutra-classifier': LutraClassifierElement;
  }
}
