import { type LoadProgress, LutraError } from '../../src/index.js';
import { button, html } from './dom.js';
import { formatBytes } from './format.js';
import { problemView } from './problem.js';

const STAGES: Record<LoadProgress['stage'], string> = {
  download: 'Downloading',
  compile: 'Compiling the kernels',
  plan: 'Planning',
  ready: 'Ready',
};

/** The line above the answer: how a load goes, or why something failed and what to do about it. */
export class Status {
  #bar: HTMLProgressElement | undefined;
  #words: HTMLElement | undefined;

  constructor(private readonly element: HTMLElement) {}

  clear(): void {
    this.#bar = this.#words = undefined;
    this.element.replaceChildren();
  }

  /** Shows the progress of loading `title`; `cancel` stops it. */
  loading(title: string, progress: LoadProgress | undefined, cancel: () => void): void {
    if (!this.#bar || !this.#words) {
      this.#bar = html('progress', { 'aria-label': `Loading ${title}` });
      this.#words = html('span', {});
      const stop = button('Cancel', cancel, { class: 'button quiet', id: 'cancel' });
      this.element.replaceChildren(
        html('div', { class: 'loading' }, this.#bar, html('div', { class: 'row' }, this.#words, stop)),
      );
    }
    const { stage = 'download', loaded = 0, total } = progress ?? {};
    if (total) {
      this.#bar.max = total;
      this.#bar.value = loaded;
    } else {
      this.#bar.removeAttribute('value');
    }
    const amount = total ? `${formatBytes(loaded)} of ${formatBytes(total)}` : loaded ? formatBytes(loaded) : '';
    this.#words.textContent =
      stage === 'download' ? `${STAGES[stage]} ${title} ${amount}`.trim() : `${STAGES[stage]} …`;
  }

  /** Shows why something failed. Stopping on request is shown as no failure. */
  failed(thrown: unknown, retry: () => void, label = 'Try again'): void {
    this.#bar = this.#words = undefined;
    const stopped = LutraError.from(thrown).code === 'ABORTED';
    const again = button(stopped ? 'Load it' : label, retry, { id: 'retry' });
    this.element.replaceChildren(
      stopped
        ? html(
            'div',
            { class: 'problem quiet' },
            html('p', {}, 'Loading was stopped.'),
            html('div', { class: 'row' }, again),
          )
        : problemView(thrown, again),
    );
  }

  /** A remark without anything to retry: nothing drawn yet, nothing found in the image. */
  say(words: string): void {
    this.#bar = this.#words = undefined;
    this.element.replaceChildren(html('p', { class: 'remark' }, words));
  }
}
