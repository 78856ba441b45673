import { WordDetector } from '../../src/speech/word-detector.js';
import { byId, html } from '../shared/dom.js';
import { formatPercent } from '../shared/format.js';

const SHOWN = 5;
/** Spoken forms of classes that are no words. */
const FILLERS: Readonly<Record<string, string>> = { _silence_: 'silence', _unknown_: 'something else' };

/** A class as people call it. */
export function classTitle(label: string): string {
  return FILLERS[label] ?? label;
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

export interface Result {
  /** A word was heard; `announce` it to those who listen to the page. */
  show(label: string, probability: number, how: string): void;
  /** What the last windows say, word or not. */
  bars(labels: readonly string[], probabilities: Float32Array): void;
  hide(): void;
}

/** The last word, large, and what the network hears right now. */
export function createResult(): Result {
  const winner = html('p', { class: 'winner', id: 'winner' });
  const certainty = html('p', { class: 'certainty', id: 'certainty' });
  const verdict = html('div', { class: 'verdict', hidden: true }, html('div', {}, winner, certainty));
  const list = html('ol', { class: 'classes', 'aria-label': 'Most likely right now' });
  const rows: Row[] = [];
  const element = html('div', { class: 'result', hidden: true }, verdict, list);
  byId('result').append(element);
  const announcement = byId('announcement');
  const glance = byId('glance');

  return {
    show(label, probability, how) {
      winner.textContent = label;
      winner.classList.toggle('short', label.length <= 2);
      certainty.textContent = `${formatPercent(probability)} sure${how}`;
      // Starts the highlight again, also for the same word.
      winner.classList.remove('fresh');
      void winner.offsetWidth;
      winner.classList.add('fresh');
      verdict.hidden = false;
      element.hidden = false;
      glance.textContent = label;
      announcement.textContent = `${label}, ${formatPercent(probability)} sure`;
    },
    bars(labels, probabilities) {
      const order = [...probabilities.keys()]
        .sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
        .slice(0, SHOWN);
      while (rows.length < order.length) rows.push(createRow());
      if (list.childElementCount !== order.length)
        list.replaceChildren(...rows.slice(0, order.length).map((row) => row.item));
      order.forEach((index, at) => {
        const { name, bar, percent, item } = rows[at]!;
        const label = labels[index]!;
        name.textContent = classTitle(label);
        item.classList.toggle('filler', WordDetector.isFiller(label));
        bar.style.inlineSize = `${(probabilities[index]! * 100).toFixed(1)}%`;
        percent.textContent = formatPercent(probabilities[index]!);
      });
      element.hidden = false;
    },
    hide() {
      element.hidden = true;
      verdict.hidden = true;
      glance.textContent = '';
      announcement.textContent = '';
    },
  };
}
