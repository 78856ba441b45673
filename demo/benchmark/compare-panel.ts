import { ENGINE_IDS, ENGINES } from '../../bench/measure/engines.js';
import type { EngineId } from '../../bench/measure/types.js';
import { byId, html } from '../shared/dom.js';
import { problemView } from '../shared/problem.js';
import { comparable, compareTable, type Dataset } from './compare.js';
import { describeResults, parseResults } from './results-file.js';

/** The panel that sets results of several browsers or devices side by side. */
export class ComparePanel {
  #datasets: readonly Dataset[] = [];
  #versus: EngineId = 'ort-f32';

  /** @param onLoad gets the results of files that the visitor chose */
  constructor(private readonly onLoad: (loaded: readonly Dataset[]) => void) {
    const input = html('input', {
      type: 'file',
      id: 'load-file',
      class: 'visually-hidden',
      accept: '.json,application/json',
      multiple: true,
    });
    input.addEventListener('change', () => {
      void this.#load([...(input.files ?? [])]);
      // The same file may be chosen again after it was changed.
      input.value = '';
    });
    byId('load').replaceChildren(input, html('label', { class: 'button quiet', for: 'load-file' }, 'Load results …'));
  }

  update(datasets: readonly Dataset[]): void {
    this.#datasets = datasets;
    const peers = ENGINE_IDS.filter((id) => comparable(datasets, id).length > 0);
    if (peers.length === 0) {
      byId('compare').replaceChildren(
        html(
          'p',
          { class: 'help' },
          'Run the benchmark with Lutra and another engine, or load results of another browser.',
        ),
      );
      return;
    }
    if (!peers.includes(this.#versus)) this.#versus = peers[0]!;
    const choice = html(
      'select',
      { name: 'versus' },
      ...peers.map((id) => html('option', { value: id }, ENGINES[id].title)),
    );
    choice.value = this.#versus;
    const table = html('div', {});
    const show = () => table.replaceChildren(compareTable(this.#datasets, this.#versus));
    choice.addEventListener('change', () => {
      this.#versus = choice.value as EngineId;
      show();
    });
    show();
    byId('compare').replaceChildren(
      html('label', { class: 'field source' }, html('span', { class: 'legend' }, 'Compared with'), choice),
      table,
    );
  }

  async #load(files: readonly File[]): Promise<void> {
    const place = byId('load-problem');
    place.replaceChildren();
    const loaded: Dataset[] = [];
    for (const file of files) {
      try {
        const results = parseResults(await file.text());
        loaded.push({ label: `${describeResults(results)} (${file.name})`, results });
      } catch (thrown) {
        const view = problemView(thrown);
        view.prepend(html('strong', {}, file.name));
        place.append(view);
      }
    }
    if (loaded.length > 0) this.onLoad(loaded);
  }
}
