import type { ConvertReport, LayerReport } from '../../src/convert/types.js';
import { html } from '../shared/dom.js';
import { formatBytes, formatPercent } from '../shared/format.js';
import { type Column, numberCell, tableRow, tableView } from '../shared/table.js';
import type { LayerFacts, NetworkFacts } from './protocol.js';

const REASONS: Readonly<Record<NonNullable<LayerReport['reason']>, string>> = {
  first: 'dense: first convolution',
  last: 'dense: it answers',
  excluded: 'dense: unticked',
  unsupported: 'dense: no form for it',
  cost: 'dense: lookups would be slower',
  plan: 'dense: best for the whole',
};

function form(layer: LayerReport | undefined, facts: LayerFacts): string {
  const unticked = facts.role ?? 'excluded';
  if (!layer) return facts.role ? REASONS[facts.role] : '';
  if (layer.form) return layer.form;
  return REASONS[layer.reason === undefined || layer.reason === 'excluded' ? unticked : layer.reason];
}

function shape([O, C, kh, kw]: readonly number[]): string {
  return kh === 1 && kw === 1 ? `${C} → ${O}` : `${C} → ${O}, ${kh} × ${kw}`;
}

/** The layers of the network, which of them may be converted, and what became of them. */
export class LayerTable {
  #facts: readonly LayerFacts[] = [];
  readonly #rows = new Map<
    string,
    { box: HTMLInputElement; form: HTMLElement; error: HTMLElement; bytes: HTMLElement }
  >();

  constructor(private readonly element: HTMLElement) {}

  show({ layers }: NetworkFacts): void {
    this.#facts = layers;
    this.#rows.clear();
    const rows = layers.map((layer) => {
      const box = html('input', {
        type: 'checkbox',
        checked: layer.role === undefined,
        'aria-label': `Convert ${layer.name}`,
      });
      const row = { box, form: html('td', {}, form(undefined, layer)), error: numberCell(), bytes: numberCell() };
      this.#rows.set(layer.name, row);
      const name = html('label', { class: 'tick' }, box, layer.name);
      return tableRow(name, html('td', {}, shape(layer.dims)), row.form, row.error, row.bytes);
    });
    const columns: Column[] = [['Layer'], ['Channels'], ['Form'], ['Error', 'number'], ['Bytes', 'number']];
    const caption = html('caption', { class: 'visually-hidden' }, 'Layers that can become lookups');
    this.element.replaceChildren(tableView('Layers', columns, rows, { caption }));
  }

  /** Names of the ticked layers. */
  get ticked(): string[] {
    return this.#facts.map(({ name }) => name).filter((name) => this.#rows.get(name)!.box.checked);
  }

  set disabled(value: boolean) {
    for (const { box } of this.#rows.values()) box.disabled = value;
  }

  /** Shows a layer's error as soon as it is known. */
  error(name: string, relativeError: number): void {
    const row = this.#rows.get(name);
    if (row) row.error.textContent = formatPercent(relativeError);
  }

  /** Clears what an earlier conversion left. */
  reset(): void {
    for (const { name, ...facts } of this.#facts) {
      const row = this.#rows.get(name)!;
      row.form.textContent = form(undefined, { name, ...facts });
      row.error.textContent = row.bytes.textContent = '';
    }
  }

  report({ layers }: ConvertReport): void {
    for (const layer of layers) {
      const row = this.#rows.get(layer.name);
      const facts = this.#facts.find(({ name }) => name === layer.name);
      if (!row || !facts) continue;
      row.form.textContent = form(layer, facts);
      row.error.textContent = layer.relativeError === undefined ? '' : formatPercent(layer.relativeError);
      row.bytes.textContent =
        layer.tableBytes > 0
          ? `${formatBytes(layer.weightBytes)} → ${formatBytes(layer.tableBytes)}`
          : formatBytes(layer.weightBytes);
    }
  }
}
