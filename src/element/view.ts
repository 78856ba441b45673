import type { LutraError } from '../errors.js';
import type { LoadProgress } from '../session/types.js';
import { styleSheet } from './styles.js';
import type { ClassifierResult, ClassifierTask } from './types.js';

type Child = Node | string;

const STAGES: Readonly<Record<LoadProgress['stage'], string>> = {
  download: 'Downloading the network',
  compile: 'Compiling the kernels',
  plan: 'Planning',
  ready: 'Ready',
};
const PROMPTS: Readonly<Record<ClassifierTask, string>> = {
  image: 'Drop an image here, or paste one',
  audio: 'Drop a recording here',
};
const CHOOSE: Readonly<Record<ClassifierTask, string>> = { image: 'Choose an image', audio: 'Choose a recording' };
const START: Readonly<Record<ClassifierTask, string>> = { image: 'Use the camera', audio: 'Use the microphone' };
const STOP: Readonly<Record<ClassifierTask, string>> = { image: 'Stop the camera', audio: 'Stop the microphone' };
const LIVE: Readonly<Record<ClassifierTask, string>> = { image: '', audio: 'Listening …' };
const ACCEPT: Readonly<Record<ClassifierTask, string>> = { image: 'image/*', audio: 'audio/*' };
/** Images with a shorter side are enlarged. */
const TINY = 64;

/** An element of the shadow tree. `part` is its public name, `class` its private one. */
function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function slot(name: string, ...children: Child[]): HTMLSlotElement {
  return make('slot', { name }, ...children);
}

const FIGURE_SPACE = '\u2007';
const PUNCTUATION_SPACE = '\u2008';

/** "97.3 %", always of the same width, so that live results do not move. A probability below 1 is never rounded up to 100. */
function percent(probability: number): string {
  if (probability >= 1) return `${PUNCTUATION_SPACE}100 %`;
  return `${(Math.floor(probability * 1000) / 10).toFixed(1).padStart(4, FIGURE_SPACE)} %`;
}

/** The element's shadow tree: what is shown and the buttons. It knows nothing of networks. */
export class View {
  readonly stage: HTMLElement;
  readonly media = make('slot', {});
  readonly file = make('input', { type: 'file', class: 'hidden' });
  readonly live = make('button', { type: 'button', class: 'button', part: 'button live' });
  readonly cancel = make('button', { type: 'button', class: 'button', part: 'button cancel' }, 'Cancel');
  readonly retry = make('button', { type: 'button', class: 'button', part: 'button retry' });
  readonly video = make('video', { class: 'preview', part: 'preview', 'aria-label': 'Camera image' });
  readonly #base: HTMLElement;
  readonly #image = make('img', { class: 'preview', part: 'preview', alt: '' });
  readonly #prompt = make('span', {});
  readonly #promptBox = make('p', { part: 'prompt' }, slot('prompt', this.#prompt));
  readonly #chooseText = make('span', {});
  readonly #choose = make(
    'label',
    { class: 'button choose', part: 'button choose' },
    this.file,
    slot('choose', this.#chooseText),
  );
  readonly #startText = make('span', {});
  readonly #stopText = make('span', {});
  readonly #progress = make('progress', { part: 'progress', 'aria-label': 'Loading the network' });
  readonly #remark = make('p', { class: 'remark', part: 'remark' });
  readonly #problem = make('p', { class: 'problem', part: 'problem', role: 'alert' });
  readonly #results = make('ol', { part: 'results', 'aria-label': 'Most likely classes' });
  readonly #announcement = make('p', { class: 'hidden', role: 'status', 'aria-live': 'polite' });
  #shownUrl: string | undefined;

  constructor(root: ShadowRoot) {
    root.adoptedStyleSheets = [styleSheet()];
    this.video.muted = true;
    this.video.playsInline = true;
    this.live.append(slot('start', this.#startText), slot('stop', this.#stopText));
    this.stage = make('div', { class: 'stage', part: 'stage' }, this.media, this.#image, this.video, this.#promptBox);
    this.#base = make(
      'div',
      { class: 'base', part: 'base' },
      this.stage,
      make('div', { class: 'row', part: 'controls' }, this.#choose, this.live, this.cancel, this.retry),
      this.#progress,
      this.#remark,
      this.#problem,
      this.#results,
      this.#announcement,
    );
    root.append(this.#base);
    for (const part of [this.#image, this.video, this.#results]) part.hidden = true;
    this.clearStatus();
  }

  /** Sets the texts and file types of the task, and the inputs that are offered. */
  setTask(task: ClassifierTask, offered: { readonly file: boolean; readonly live: boolean }, live: boolean): void {
    this.#prompt.textContent = live ? LIVE[task] : PROMPTS[task];
    this.#chooseText.textContent = CHOOSE[task];
    this.#startText.textContent = START[task];
    this.#stopText.textContent = STOP[task];
    this.file.accept = ACCEPT[task];
    this.#choose.hidden = !offered.file;
    this.live.hidden = !offered.live;
    const [start, stop] = this.live.children as unknown as readonly [HTMLElement, HTMLElement];
    start.hidden = live;
    stop.hidden = !live;
  }

  /** Shows what is classified: nothing, an image file, the camera, or what the page put into the element. */
  showInput(input: Blob | 'none' | 'camera' | 'slotted'): void {
    const isImage = input instanceof Blob && (input.type.startsWith('image/') || input.type === '');
    if (this.#shownUrl) URL.revokeObjectURL(this.#shownUrl);
    this.#shownUrl = isImage ? URL.createObjectURL(input) : undefined;
    if (this.#shownUrl) this.#image.src = this.#shownUrl;
    else this.#image.removeAttribute('src');
    this.#image.onload = () => this.#image.classList.toggle('tiny', this.#image.naturalWidth < TINY);
    this.#image.alt = input instanceof File ? input.name : isImage ? 'The image' : '';
    this.#image.hidden = !isImage;
    this.video.hidden = input !== 'camera';
    this.media.hidden = input !== 'slotted';
    this.#promptBox.hidden = isImage || input === 'camera' || input === 'slotted';
    this.stage.classList.toggle('filled', this.#promptBox.hidden);
  }

  showProgress({ stage, loaded, total }: LoadProgress): void {
    this.clearStatus();
    this.#base.setAttribute('aria-busy', 'true');
    this.#progress.hidden = this.#remark.hidden = this.cancel.hidden = false;
    this.#remark.textContent = `${STAGES[stage]} …`;
    if (total) {
      this.#progress.max = total;
      this.#progress.value = loaded;
    } else this.#progress.removeAttribute('value');
  }

  showStopped(): void {
    this.clearStatus();
    this.#remark.hidden = this.retry.hidden = false;
    this.#remark.textContent = 'Loading was stopped.';
    this.retry.textContent = 'Load the network';
  }

  /** @param retry Whether loading the network again may help. */
  showProblem(error: LutraError, retry: boolean): void {
    this.clearStatus();
    this.#problem.hidden = false;
    this.#problem.textContent = error.message;
    this.retry.hidden = !retry;
    this.retry.textContent = 'Try again';
  }

  clearStatus(): void {
    this.#base.removeAttribute('aria-busy');
    for (const part of [this.#progress, this.#remark, this.#problem, this.cancel, this.retry]) part.hidden = true;
  }

  showResult({ classes }: ClassifierResult): void {
    while (this.#results.children.length > classes.length) this.#results.lastElementChild!.remove();
    while (this.#results.children.length < classes.length) this.#results.append(createRow());
    classes.forEach(({ label, probability }, at) => {
      const [name, value, track] = this.#results.children[at]!.children as unknown as readonly HTMLElement[];
      name!.textContent = label;
      value!.textContent = percent(probability);
      (track!.firstElementChild as HTMLElement).style.inlineSize = `${(probability * 100).toFixed(2)}%`;
    });
    this.#results.hidden = classes.length === 0;
  }

  hideResult(): void {
    this.#results.hidden = true;
  }

  /** Lets a screen reader say the answer. */
  announce({ classes: [best] }: ClassifierResult): void {
    if (best) this.#announcement.textContent = `${best.label}, ${percent(best.probability)}`;
  }
}

function createRow(): HTMLLIElement {
  return make(
    'li',
    { class: 'result', part: 'result' },
    make('span', { class: 'label', part: 'label' }),
    make('span', { class: 'value', part: 'value' }),
    make('span', { class: 'track', part: 'track' }, make('span', { class: 'bar', part: 'bar' })),
  );
}
