import { html } from './dom.js';
import { formatPercent } from './format.js';

const SHOWN = 5;

interface Row {
  readonly item: HTMLElement;
  readonly name: HTMLElement;
  readonly bar: HTMLElement;
  readonly percent: HTMLElement;
}

function createRow(): Row {
  const name = html('span', { class: 'class-name' });
  const bar = html('span', { class: 'bar' });
  const percent = html('span', { class: 'percent' });
  const item = html('li', {}, name, html('span', { class: 'track', 'aria-hidden': 'true' }, bar), percent);
  return { item, name, bar, percent };
}

/** The most likely classes as bars. Rows are reused so that bars glide. */
export class ClassBars {
  readonly element: HTMLOListElement;
  readonly #rows: Row[] = [];

  constructor(caption: string) {
    this.element = html('ol', { class: 'classes', 'aria-label': caption });
  }

  /**
   * Shows the first classes by falling probability, lowest index first among equals, and returns their indices.
   * @param filler Whether a class is no answer, such as silence.
   */
  show(
    probabilities: Float32Array,
    title: (index: number) => string,
    filler: (index: number) => boolean = () => false,
  ): readonly number[] {
    const order = [...probabilities.keys()]
      .sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
      .slice(0, SHOWN);
    while (this.#rows.length < order.length) this.#rows.push(createRow());
    if (this.element.childElementCount !== order.length) {
      this.element.replaceChildren(...this.#rows.slice(0, order.length).map(({ item }) => item));
    }
    order.forEach((index, at) => {
      const { item, name, bar, percent } = this.#rows[at]!;
      name.textContent = title(index);
      item.classList.toggle('filler', filler(index));
      bar.style.inlineSize = `${(probabilities[index]! * 100).toFixed(2)}%`;
      percent.textContent = formatPercent(probabilities[index]!);
    });
    return order;
  }
}
