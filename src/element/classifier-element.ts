import { LutraError } from '../errors.js';
import { METADATA } from '../graph/metadata.js';
import type { InferenceSession } from '../session/inference-session.js';
import type { CreateOptions, LoadProgress } from '../session/types.js';
import { ClassifierAttributes, chooseNetwork, NETWORK_ATTRIBUTES, upgradeProperties } from './attributes.js';
import { listenForFiles } from './hand-in.js';
import { LazyNetwork } from './network.js';
import { readLabels, topClasses } from './scores.js';
import { watchSlot } from './slotted.js';
import type { Answer, Input, Task } from './task.js';
import type { AudioSource, ClassifierEventMap, ClassifierResult, ClassifierTask, ImageSource } from './types.js';
import { View } from './view.js';

/** Shortest time between two live answers that a screen reader announces. Only changed answers are announced. */
const ANNOUNCE_MILLISECONDS = 2000;
/** Properties that a page may have set before the element was defined. */
const PROPERTIES = ['src', 'top', 'task', 'inputs', 'loading', 'threads', 'integrity', 'cache', 'workerUrl', 'options'];

/**
 * Classifies images or recordings in the visitor's browser: dropped, pasted or chosen files, an `<img>`, `<video>` or `<canvas>` inside
 * the element, the camera or the microphone.
 *
 * The network is loaded when the element enters a document and released when it leaves. A move within a document keeps it.
 *
 * @customElement lutra-classifier
 * @tag lutra-classifier
 *
 * @attr {string} src - Address of the model, an ONNX file.
 * @attr {number} [top=3] - How many classes to show.
 * @attr {'image'|'audio'} [task=image] - What is classified.
 * @attr {string} [inputs=file drop paste live] - Ways of input that are offered, separated by spaces. Empty for none.
 * @attr {'eager'|'lazy'} [loading=eager] - With `lazy` the model is downloaded with the first input.
 * @attr {number} threads - Number of threads. The default is as many as the page may use, at most 4.
 * @attr {string} integrity - Hash that the model must have, as in `<script integrity>`.
 * @attr {'none'|'cache-api'|'opfs'} [cache=none] - Where the model is kept for later visits.
 * @attr {string} worker-url - Address of the worker script, where a bundler or a Content Security Policy requires one.
 *
 * @fires {CustomEvent<LoadProgress>} progress - A step of loading.
 * @fires {CustomEvent<ClassifierResult>} result - An answer of the network.
 * @fires {CustomEvent<LutraError>} error - A load, an input or a run failed.
 *
 * @slot - An image, video or canvas to classify, or anything else to show there.
 * @slot prompt - Text that invites to drop a file.
 * @slot choose - Text of the button that chooses a file.
 * @slot start - Text of the button that starts the camera or microphone.
 * @slot stop - Text of the button that stops it.
 *
 * @csspart base - The whole element.
 * @csspart stage - The area to drop files on. It shows what is classified.
 * @csspart preview - The image, or the video of the camera.
 * @csspart prompt - The text that invites to drop a file.
 * @csspart controls - The row of buttons.
 * @csspart button - Every button.
 * @csspart choose - The button that chooses a file.
 * @csspart live - The button of the camera or microphone.
 * @csspart cancel - The button that stops a load.
 * @csspart retry - The button that loads again.
 * @csspart progress - The progress bar.
 * @csspart remark - Text that says what happens.
 * @csspart problem - Text that says why something failed.
 * @csspart results - The list of classes.
 * @csspart result - One class.
 * @csspart label - Its name.
 * @csspart value - Its probability as text.
 * @csspart track - The background of its bar.
 * @csspart bar - Its bar.
 *
 * @cssprop --lutra-ink - Text.
 * @cssprop --lutra-soft - Secondary text.
 * @cssprop --lutra-surface - Buttons.
 * @cssprop --lutra-sunken - Stage.
 * @cssprop --lutra-track - Background of the bars.
 * @cssprop --lutra-line - Borders.
 * @cssprop --lutra-accent - Bars and focus.
 * @cssprop --lutra-danger - Problems.
 * @cssprop --lutra-radius - Corners.
 * @cssprop --lutra-gap - Distance between parts.
 * @cssprop --lutra-stage-size - Smallest height of the stage.
 * @cssprop --lutra-preview-size - Largest height of the image.
 *
 * @cssState loading - The network is being loaded.
 * @cssState ready - The network is loaded.
 * @cssState live - The camera or microphone is on.
 */
export class LutraClassifierElement extends ClassifierAttributes {
  readonly #view: View;
  readonly #states: CustomStateSet | undefined;
  readonly #network = new LazyNetwork({
    choose: () => chooseNetwork(this, this.#options),
    onStart: () => {
      this.#setStates('loading');
      this.#view.showProgress({ stage: 'download', loaded: 0, total: undefined });
    },
    onProgress: (progress) => this.#progress(progress),
    onReady: () => {
      this.#setStates('ready');
      this.#view.clearStatus();
    },
    onFailure: (error) => this.#failLoad(error),
  });
  /** Removes all listeners when the element leaves the document. */
  #stay: AbortController | undefined;
  #task: { readonly name: ClassifierTask; readonly opened: Promise<Task> } | undefined;
  #runs = new AbortController();
  #live: AbortController | undefined;
  /** Counts inputs. A late answer must not replace a newer one. */
  #inputs = 0;
  #last: Input | undefined;
  #result: ClassifierResult | undefined;
  #reloading = false;
  #announced = { label: '', time: Number.NEGATIVE_INFINITY };
  #options: CreateOptions = {};

  constructor() {
    super();
    this.#view = new View(this.attachShadow({ mode: 'open', delegatesFocus: true }));
    this.#states = this.attachInternals().states;
    const { file, live, cancel, retry } = this.#view;
    file.addEventListener('change', () => {
      const [chosen] = file.files ?? [];
      // Without this, choosing the same file again would fire no event.
      file.value = '';
      if (chosen) this.#take(chosen);
    });
    live.addEventListener('click', () => (this.#live ? this.stop() : void this.start().catch(() => {})));
    cancel.addEventListener('click', () => this.abort());
    retry.addEventListener('click', () => this.#again());
  }

  /** Further options of `InferenceSession.create`. Attributes win. */
  get options(): CreateOptions {
    return this.#options;
  }
  set options(value: CreateOptions) {
    this.#options = value;
    this.#reload();
  }

  /** The answer that is shown. */
  get result(): ClassifierResult | undefined {
    return this.#result;
  }

  connectedCallback(): void {
    upgradeProperties(this, PROPERTIES);
    if (this.#stay) return;
    this.#stay = new AbortController();
    const { signal } = this.#stay;
    const accepts = () => ({ drop: this.#offers('drop'), paste: this.#offers('paste') });
    listenForFiles(this, { stage: this.#view.stage, accepts, onFile: (file) => this.#take(file) }, signal);
    const onMedia = async (media: ImageSource, live: boolean): Promise<void> => {
      if (this.task === 'image' && !this.#live) await this.#classify(media, '', live).catch(() => {});
    };
    const onFill = (filled: boolean): void => this.#view.showInput(filled ? 'slotted' : 'none');
    watchSlot(this.#view.media, { onFill, onMedia }, signal);
    document.addEventListener('visibilitychange', () => document.hidden && this.stop(), { signal });
    this.#showControls();
    if (this.src && this.loading === 'eager') void this.load().catch(() => {});
  }

  disconnectedCallback(): void {
    // A move removes the element and inserts it again at once.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#stay?.abort();
      this.#stay = undefined;
      this.release();
    });
  }

  /** Because this method exists, `moveBefore` moves the element without disconnecting it. */
  connectedMoveCallback(): void {}

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'task') this.#last = undefined;
    if (NETWORK_ATTRIBUTES.includes(name)) this.#reload();
    else if (name === 'top' && this.#last) void this.#answer(this.#last, false).catch(() => {});
    this.#showControls();
  }

  /**
   * Downloads the model and prepares it. Does nothing when it is ready.
   *
   * @throws LutraError as `InferenceSession.create`, and `INVALID_ARGUMENT` without a `src`.
   */
  async load(): Promise<void> {
    await this.#network.open();
  }

  /**
   * Classifies an image or a recording and shows the answer. Loads the model first when it is not loaded.
   *
   * @throws LutraError `INVALID_DATA` when the source cannot be read, `ABORTED`, and as {@link load}.
   */
  classify(source: ImageSource | AudioSource): Promise<ClassifierResult> {
    return this.#classify(source, source instanceof File ? source.name : '', false);
  }

  /**
   * Starts the camera (`task="image"`) or the microphone (`task="audio"`). The browser asks the visitor for permission.
   *
   * @throws LutraError `PLATFORM` when there is no device or no permission, and as {@link load}.
   */
  async start(): Promise<void> {
    this.stop();
    const live = new AbortController();
    this.#live = live;
    this.#view.showInput(this.task === 'image' ? 'camera' : 'none');
    this.#showControls();
    try {
      const task = await this.#openTask();
      await task.listen({
        video: this.#view.video,
        signal: live.signal,
        open: () => this.#network.open(),
        run: (input) => this.#network.run(input),
        show: (answer) => {
          if (!live.signal.aborted) void this.#network.open().then((session) => this.#show(answer, session, true));
        },
      });
    } catch (thrown) {
      if (!live.signal.aborted) throw this.#fail(thrown);
    } finally {
      if (this.#live === live) this.stop();
    }
  }

  /** Stops the camera or microphone. */
  stop(): void {
    if (!this.#live) return;
    this.#live.abort();
    this.#live = undefined;
    this.#view.showInput(this.#view.media.assignedElements().length > 0 ? 'slotted' : 'none');
    this.#showControls();
  }

  /** Stops loading, classifying and the camera or microphone. Pending promises reject with `ABORTED`. */
  abort(): void {
    this.stop();
    this.#runs.abort();
    this.#runs = new AbortController();
    this.#network.abort();
  }

  /** Stops everything and releases the network. The element does so itself when it leaves the document. */
  release(): void {
    this.stop();
    this.#network.release();
    this.#setStates('none');
    this.#view.clearStatus();
  }

  override addEventListener<Type extends keyof ClassifierEventMap>(
    type: Type,
    listener: (this: LutraClassifierElement, event: ClassifierEventMap[Type]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(type: string, listener: unknown, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener as EventListener, options);
  }

  #offers(way: string): boolean {
    return this.inputs.split(/\s+/).includes(way);
  }

  #showControls(): void {
    const offered = { file: this.#offers('file'), live: this.#offers('live') };
    this.#view.setTask(this.task, offered, this.#live !== undefined);
    if (this.#live) this.#states?.add('live');
    else this.#states?.delete('live');
  }

  #setStates(state: 'loading' | 'ready' | 'none'): void {
    for (const name of ['loading', 'ready']) {
      if (name === state) this.#states?.add(name);
      else this.#states?.delete(name);
    }
  }

  /** Releases a network whose attributes have changed. Loads the new one in a microtask, after all attributes have been set. */
  #reload(): void {
    if (this.#network.wanted) this.release();
    if (this.#reloading || !this.#stay) return;
    this.#reloading = true;
    queueMicrotask(() => {
      this.#reloading = false;
      const wanted = this.loading === 'eager' || this.#last !== undefined;
      if (this.#stay && !this.#network.wanted && this.src && wanted) this.#again();
    });
  }

  #again(): void {
    const again = this.#last ? this.#answer(this.#last, false) : this.load();
    again.catch(() => {});
  }

  #openTask(): Promise<Task> {
    const name = this.task;
    if (this.#task?.name !== name) {
      const opened =
        name === 'image'
          ? import('./image-task.js').then(({ createImageTask }) => createImageTask())
          : import('./audio-task.js').then(({ createAudioTask }) => createAudioTask());
      this.#task = { name, opened };
    }
    return this.#task.opened;
  }

  #failLoad(error: LutraError): void {
    this.#setStates('none');
    if (error.code === 'ABORTED') this.#view.showStopped();
    else this.#fail(error, true);
  }

  #progress(progress: LoadProgress): void {
    this.#view.showProgress(progress);
    this.#emit('progress', progress);
  }

  /** Classifies a file of the visitor. Failures are shown. */
  #take(file: File): void {
    this.stop();
    this.#view.showInput(file);
    this.classify(file).catch(() => {});
  }

  async #classify(source: ImageSource | AudioSource, name: string, live: boolean): Promise<ClassifierResult> {
    const turn = ++this.#inputs;
    let input: Input;
    try {
      const task = await this.#openTask();
      input = await task.read(source, name || undefined);
    } catch (thrown) {
      if (turn === this.#inputs) this.#hideResult();
      throw this.#fail(thrown);
    }
    return this.#answer(input, live, turn);
  }

  async #answer(input: Input, live: boolean, turn = ++this.#inputs): Promise<ClassifierResult> {
    if (turn === this.#inputs) this.#last = input;
    const session = await this.#network.open();
    try {
      const answer = await this.#network.run(input, live ? undefined : this.#runs.signal);
      return this.#show(answer, session, live, turn);
    } catch (thrown) {
      const error = LutraError.from(thrown);
      if (turn === this.#inputs) this.#hideResult();
      throw error.code === 'ABORTED' ? error : this.#fail(error);
    }
  }

  /** Shows an answer, unless there is a newer input. */
  #show(answer: Answer, session: InferenceSession, live: boolean, turn = ++this.#inputs): ClassifierResult {
    const labels = readLabels(session.metadata[METADATA.labels]);
    const result = { classes: topClasses(answer.probabilities, labels, this.top), ...answer };
    if (turn !== this.#inputs) return result;
    this.#result = result;
    this.#view.clearStatus();
    this.#view.showResult(result);
    const label = result.classes[0]?.label ?? '';
    const now = performance.now();
    const { label: said, time } = this.#announced;
    if (!live || (label !== said && now - time > ANNOUNCE_MILLISECONDS)) {
      this.#announced = { label, time: now };
      this.#view.announce(result);
    }
    this.#emit('result', result);
    return result;
  }

  #hideResult(): void {
    this.#result = undefined;
    this.#last = undefined;
    this.#view.hideResult();
  }

  #fail(thrown: unknown, retry = false): LutraError {
    const error = LutraError.from(thrown);
    this.#view.showProblem(error, retry);
    this.#emit('error', error);
    return error;
  }

  #emit<Type extends keyof ClassifierEventMap>(type: Type, detail: ClassifierEventMap[Type]['detail']): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
