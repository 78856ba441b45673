import type { PixelImage } from '../../src/data/dataset.js';
import { ClassBars } from '../shared/class-bars.js';
import { byId, html } from '../shared/dom.js';
import { formatPercent } from '../shared/format.js';
import { paintImage } from './paint.js';

export interface Answer {
  /** What the network was shown. */
  readonly image: PixelImage;
  readonly probabilities: Float32Array;
  label(index: number): string;
  /** One line about how it was computed. */
  readonly how: string;
}

/** The answer: the winning class, the bars, and the image as the network saw it. */
export function createResult(): { element: HTMLElement; show(answer: Answer, announce: boolean): void; hide(): void } {
  const winner = html('p', { class: 'winner', id: 'winner' });
  const certainty = html('p', { class: 'certainty' });
  const how = html('p', { class: 'how', id: 'how' });
  const seen = html('canvas', { class: 'seen', role: 'img', 'aria-label': 'The image as the network sees it' });
  const bars = new ClassBars('Most likely classes');
  const caption = html('figcaption', {}, 'As the network sees it');
  const element = html(
    'div',
    { class: 'result', hidden: true },
    html(
      'div',
      { class: 'verdict' },
      html('div', {}, winner, certainty),
      html('figure', { class: 'seen-frame' }, seen, caption),
    ),
    bars.element,
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
    show({ image, probabilities, label, how: words }, announce) {
      const best = bars.show(probabilities, label)[0]!;
      const sure = formatPercent(probabilities[best]!);
      winner.textContent = label(best);
      winner.classList.toggle('short', label(best).length <= 2);
      certainty.textContent = `${sure} sure`;
      how.textContent = words;
      paintImage(seen, image);
      glance.textContent = label(best);
      element.hidden = false;
      if (announce) announcement.textContent = `${label(best)}, ${sure} sure`;
    },
  };
}
