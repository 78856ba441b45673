import type { Picture } from '../../src/data/dataset.js';
import { byId, html } from '../shared/dom.js';
import { formatPercent } from '../shared/format.js';
import { paintPicture } from './picture.js';

const SHOWN = 5;

export interface Answer {
  /** What the network was shown. */
  readonly picture: Picture;
  readonly probabilities: Float32Array;
  label(index: number): string;
  /** One line about how it was computed. */
  readonly how: string;
}

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

/** Classes by falling probability, lowest index first among equals. */
export function rank(probabilities: Float32Array): number[] {
  return [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
}

/** The answer: the winning class, the bars, and the picture as the network saw it. Rows are reused so that bars glide. */
export function createResult(): { element: HTMLElement; show(answer: Answer, announce: boolean): void; hide(): void } {
  const winner = html('p', { class: 'winner', id: 'winner' });
  const certainty = html('p', { class: 'certainty' });
  const how = html('p', { class: 'how', id: 'how' });
  const seen = html('canvas', { class: 'seen', role: 'img', 'aria-label': 'The picture as the network sees it' });
  const list = html('ol', { class: 'classes', 'aria-label': 'Most likely classes' });
  const caption = html('figcaption', {}, 'As the network sees it');
  const rows: Row[] = [];
  const element = html(
    'div',
    { class: 'result', hidden: true },
    html(
      'div',
      { class: 'verdict' },
      html('div', {}, winner, certainty),
      html('figure', { class: 'seen-frame' }, seen, caption),
    ),
    list,
    how,
  );
  const announcement = byId('announcement');
  const glance = byId('glance');

  return {
    element,
    hide() {
      element.hidden = true;
      glance.textContent = '';
    },
    show({ picture, probabilities, label, how: words }, announce) {
      const order = rank(probabilities).slice(0, SHOWN);
      while (rows.length < order.length) rows.push(createRow());
      list.replaceChildren(...rows.slice(0, order.length).map(({ item }) => item));
      order.forEach((index, at) => {
        const { name, bar, percent } = rows[at]!;
        name.textContent = label(index);
        bar.style.inlineSize = `${(probabilities[index]! * 100).toFixed(2)}%`;
        percent.textContent = formatPercent(probabilities[index]!);
      });
      const best = order[0]!;
      const sure = formatPercent(probabilities[best]!);
      winner.textContent = label(best);
      winner.classList.toggle('short', label(best).length <= 2);
      certainty.textContent = `${sure} sure`;
      how.textContent = words;
      paintPicture(seen, picture);
      glance.textContent = label(best);
      element.hidden = false;
      if (announce) announcement.textContent = `${label(best)}, ${sure} sure`;
    },
  };
}
