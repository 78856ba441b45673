import { WordDetector } from '../../src/speech/word-detector.js';
import { ClassBars } from '../shared/class-bars.js';
import { byId, html } from '../shared/dom.js';
import { formatPercent } from '../shared/format.js';

/** Spoken forms of classes that are no words. */
const FILLERS: Readonly<Record<string, string>> = { _silence_: 'silence', _unknown_: 'something else' };

/** A class as people call it. */
export function classTitle(label: string): string {
  return FILLERS[label] ?? label;
}

/** The last word, large, and what the network hears right now. */
export function createResult() {
  const winner = html('p', { class: 'winner', id: 'winner' });
  const certainty = html('p', { class: 'certainty', id: 'certainty' });
  const verdict = html('div', { class: 'verdict', hidden: true }, html('div', {}, winner, certainty));
  const bars = new ClassBars('Most likely right now');
  const element = html('div', { class: 'result', hidden: true }, verdict, bars.element);
  byId('result').append(element);
  const announcement = byId('announcement');
  const glance = byId('glance');

  return {
    /** A word was heard; those who listen to the page hear of it. */
    show(label: string, probability: number) {
      winner.textContent = label;
      winner.classList.toggle('short', label.length <= 2);
      certainty.textContent = `${formatPercent(probability)} sure`;
      // Starts the highlight again, also for the same word.
      winner.classList.remove('fresh');
      void winner.offsetWidth;
      winner.classList.add('fresh');
      verdict.hidden = false;
      element.hidden = false;
      glance.textContent = label;
      announcement.textContent = `${label}, ${formatPercent(probability)} sure`;
    },
    /** What the last windows say, word or not. */
    bars(labels: readonly string[], probabilities: Float32Array) {
      bars.show(
        probabilities,
        (index) => classTitle(labels[index]!),
        (index) => WordDetector.isFiller(labels[index]!),
      );
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
