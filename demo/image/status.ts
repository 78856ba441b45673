import { type LoadProgress, LutraError } from '../../src/index.js';
import { html } from '../shared/dom.js';
import { formatBytes } from '../shared/format.js';

const STAGES: Record<LoadProgress['stage'], string> = {
  download: 'Downloading',
  compile: 'Compiling the kernels',
  plan: 'Planning',
  ready: 'Ready',
};

/** The line above the answer: how a load goes, or why something failed and what to do about it. */
export class Status {
  readonly #element: HTMLElement;
  #bar: HTMLProgressElement | undefined;
  #words: HTMLElement | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  clear(): void {
    this.#bar = this.#words = undefined;
    this.#element.replaceChildren();
  }

  /** Shows the progress of loading `title`; `cancel` stops it. */
  loading(title: string, progress: LoadProgress | undefined, cancel: () => void): void {
    if (!this.#bar || !this.#words) {
      this.#bar = html('progress', { 'aria-label': `Loading ${title}` });
      this.#words = html('span', {});
      const button = html('button', { class: 'button quiet', type: 'button', id: 'cancel' }, 'Cancel');
      button.addEventListener('click', cancel);
      this.#element.replaceChildren(
        html('div', { class: 'loading' }, this.#bar, html('div', { class: 'row' }, this.#words, button)),
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

  /** Shows why something failed. Stopping on request is not a failure and reads so. */
  failed(thrown: unknown, retry: () => void, label = 'Try again'): void {
    this.#bar = this.#words = undefined;
    const error = LutraError.from(thrown);
    const stopped = error.code === 'ABORTED';
    const button = html('button', { class: 'button', type: 'button', id: 'retry' }, stopped ? 'Load it' : label);
    button.addEventListener('click', retry);
    this.#element.replaceChildren(
      html(
        'div',
        stopped ? { class: 'problem quiet' } : { class: 'problem', role: 'alert' },
        html('p', {}, stopped ? 'Loading was stopped.' : error.message),
        html('div', { class: 'row' }, button, stopped ? undefined : html('code', {}, error.code)),
      ),
    );
  }

  /** A remark without anything to retry: nothing drawn yet, nothing found in the image. */
  say(words: string): void {
    this.#bar = this.#words = undefined;
    this.#element.replaceChildren(html('p', { class: 'remark' }, words));
  }
}
