import { button, byId, html } from '../shared/dom.js';
import { distributions } from './chart.js';
import type { Dataset } from './compare.js';
import { download, toCsv, toMarkdown } from './exports.js';
import { resultsTable } from './table.js';

const COPIED_MILLISECONDS = 2_000;

/** The panel that shows one set of results: which one, its distributions, its table, and its exports. */
export class ResultsPanel {
  #datasets: readonly Dataset[] = [];
  #shown: Dataset | undefined;
  /** Charts are drawn asynchronously; only the newest may appear. */
  #drawing = 0;
  readonly #choice = html('select', { name: 'dataset' });
  readonly #buttons: readonly HTMLButtonElement[];

  constructor() {
    this.#buttons = [
      this.#exportButton('export-json', 'JSON', ({ results }) =>
        download('lutra-benchmark.json', 'application/json', `${JSON.stringify(results, null, 2)}\n`),
      ),
      this.#exportButton('export-csv', 'CSV', ({ results }) =>
        download('lutra-benchmark.csv', 'text/csv', toCsv(results)),
      ),
      this.#exportButton('copy-markdown', 'Copy as Markdown', ({ results }, button) => {
        navigator.clipboard.writeText(toMarkdown(results)).then(
          () => flash(button, 'Copied'),
          () => flash(button, 'The browser refused'),
        );
      }),
    ];
    byId('exports').replaceChildren(...this.#buttons);
    byId('source').replaceChildren(
      html('label', { class: 'field source' }, html('span', { class: 'legend' }, 'Measured on'), this.#choice),
    );
    this.#choice.addEventListener('change', () => this.#show(this.#datasets[this.#choice.selectedIndex]));
    let width = 0;
    new ResizeObserver(([entry]) => {
      const now = Math.round(entry!.contentRect.width);
      if (now === width) return;
      width = now;
      void this.#draw();
    }).observe(byId('chart'));
  }

  /** @param shown the set to show; by default the one that is shown already, or else the first */
  update(datasets: readonly Dataset[], shown?: Dataset): void {
    this.#datasets = datasets;
    this.#choice.replaceChildren(...datasets.map(({ label }) => html('option', {}, label)));
    const kept = this.#shown && datasets.includes(this.#shown) ? this.#shown : datasets[0];
    this.#show(shown ?? kept);
  }

  #show(dataset: Dataset | undefined): void {
    this.#shown = dataset;
    for (const button of this.#buttons) button.disabled = dataset === undefined;
    byId('source').hidden = dataset === undefined;
    if (!dataset) {
      byId('table').replaceChildren(html('p', { class: 'help' }, 'Nothing measured yet: run the benchmark above.'));
      byId('chart').replaceChildren();
      return;
    }
    this.#choice.selectedIndex = this.#datasets.indexOf(dataset);
    byId('table').replaceChildren(resultsTable(dataset.results));
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const place = byId('chart');
    const drawing = ++this.#drawing;
    if (!this.#shown || this.#shown.results.results.length === 0 || place.clientWidth === 0) return;
    const chart = await distributions(this.#shown.results, place.clientWidth);
    if (drawing === this.#drawing) place.replaceChildren(chart);
  }

  #exportButton(id: string, text: string, act: (shown: Dataset, button: HTMLButtonElement) => void): HTMLButtonElement {
    const pressed = () => this.#shown && act(this.#shown, element);
    const element = button(text, pressed, { class: 'button quiet', id, disabled: true });
    return element;
  }
}

/** Shows another text on a button for a moment. */
function flash(button: HTMLButtonElement, text: string): void {
  const before = button.textContent;
  button.textContent = text;
  setTimeout(() => {
    button.textContent = before;
  }, COPIED_MILLISECONDS);
}
