import { byId, html } from '../shared/dom.js';
import { formatMilliseconds, formatPercent } from '../shared/format.js';

const KEPT = 50;

interface HeardWord {
  readonly label: string;
  readonly probability: number;
  /** "microphone", or the name of a recording. */
  readonly source: string;
}

function latencyWords(milliseconds: number): string {
  return milliseconds >= 0
    ? `${formatMilliseconds(Math.max(1, Math.round(milliseconds)))} after it ended`
    : `${formatMilliseconds(Math.max(1, Math.round(-milliseconds)))} before it ended`;
}

/** Every word that was heard, the newest first. */
export function createWords() {
  const empty = html('p', { class: 'help' }, 'None yet.');
  const list = html('ol', { class: 'heard', 'aria-label': 'Words so far, the newest first', hidden: true });
  const clear = byId<HTMLButtonElement>('clear');
  byId('words').replaceChildren(empty, list);
  let latency: HTMLElement | undefined;

  function reset(): void {
    list.replaceChildren();
    latency = undefined;
    list.hidden = true;
    empty.hidden = false;
    clear.disabled = true;
  }
  clear.addEventListener('click', reset);

  return {
    add({ label, probability, source }: HeardWord) {
      latency = html('span', { class: 'heard-latency' });
      list.prepend(
        html(
          'li',
          {},
          html('span', { class: 'heard-word' }, label),
          html('span', { class: 'heard-sure' }, formatPercent(probability)),
          html('span', { class: 'heard-source' }, source, latency),
        ),
      );
      while (list.childElementCount > KEPT) list.lastElementChild?.remove();
      list.hidden = false;
      empty.hidden = true;
      clear.disabled = false;
    },
    /** How long after its end the newest word was on the screen; negative: before its end. */
    setLatency(milliseconds: number) {
      if (latency) latency.textContent = `, shown ${latencyWords(milliseconds)}`;
    },
  };
}
