import { type Microphone, openMicrophone } from '../../src/speech/microphone.js';
import { WordDetector } from '../../src/speech/word-detector.js';
import { button, byId, icon } from '../shared/dom.js';
import { formatPercent } from '../shared/format.js';
import type { ModelEntry } from '../shared/models.js';
import { problemView } from '../shared/problem.js';
import type { Status } from '../shared/status.js';
import { createControls } from './controls.js';
import { createCost } from './cost.js';
import { Engine, type EngineListener } from './engine.js';
import { createProbabilities } from './probabilities.js';
import type { Ready, WindowReport } from './protocol.js';
import { createRecordings } from './recordings.js';
import { classTitle, createResult } from './result.js';
import { createSoundView } from './sound-view.js';
import { DEFAULT_THRESHOLD, formatState, parseState, type SpeechState } from './state.js';
import { createWords } from './words.js';

const MICROPHONE = 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3M5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M9 21h6';
const STOP = 'M7 7h10v10H7z';
const ENGINES = { lut: 'lookup', dense: 'the dense original' } as const;

/** Where the sound of the current session comes from. */
type Source =
  | { readonly kind: 'microphone'; readonly abort: AbortController }
  | { readonly kind: 'recording'; readonly name: string };

/** Wires the page together: sound in, words out. */
export function createDemo(models: readonly ModelEntry[], status: Status): void {
  const fallback = models[0]!;
  const readAddress = (): SpeechState => {
    const { model, engine = 'lut', threshold = DEFAULT_THRESHOLD } = parseState(location.hash);
    return { model: models.some(({ id }) => id === model) ? model! : fallback.id, engine, threshold };
  };
  let state = readAddress();
  let engine: Engine | undefined;
  let ready: Ready | undefined;
  let source: Source | undefined;
  /** The likeliest word of a recording so far, for when none counts. */
  let closest: { readonly label: string; readonly probability: number } | undefined;
  let words = 0;
  let newest: WindowReport | undefined;
  /** When the newest word was on the screen. */
  let shownAt = 0;

  const result = createResult();
  const list = createWords();
  const sound = createSoundView();
  const probabilities = createProbabilities();
  const cost = createCost();
  const listen = byId<HTMLButtonElement>('listen');
  const vocabulary = byId('vocabulary');
  const problem = byId('problem');
  const recordings = createRecordings({
    onRecording: ({ samples, sampleRate }, name) => {
      stop();
      void hear(samples, sampleRate, name);
    },
    onError: (error) => complain(error, () => recordings.choose(), 'Choose another'),
  });
  const controls = createControls(byId<HTMLFormElement>('controls'), models, change);

  /** Says what went wrong beside the microphone; everything else goes on. */
  function complain(thrown: unknown, retry: () => void, label: string): void {
    problem.replaceChildren(problemView(thrown, button(label, retry)));
  }

  function renderListen(): void {
    const on = source?.kind === 'microphone';
    listen.replaceChildren(icon(on ? STOP : MICROPHONE), on ? 'Stop listening' : 'Listen');
    listen.classList.toggle('on', on);
    listen.disabled = !ready;
  }

  /** Empties what belongs to the sound before. */
  function begin(next: Source): void {
    source = next;
    closest = undefined;
    words = 0;
    newest = undefined;
    problem.replaceChildren();
    result.hide();
    sound.clear();
    probabilities.clear();
    cost.clear();
    renderListen();
  }

  function stop(): void {
    if (source?.kind === 'microphone') source.abort.abort();
    source = undefined;
    engine?.stop();
    cost.settle();
    renderListen();
  }

  async function hear(samples: Float32Array, sampleRate: number, name: string): Promise<void> {
    const mine = engine;
    const loaded = await mine?.ready.catch(() => undefined);
    if (!loaded || mine !== engine) return;
    begin({ kind: 'recording', name });
    status.say(`Hearing ${name} …`);
    mine?.hear(samples, sampleRate);
  }

  async function startListening(): Promise<void> {
    const mine = engine;
    if (!mine) return;
    recordings.clear();
    const abort = new AbortController();
    begin({ kind: 'microphone', abort });
    status.say('Allow the microphone, then speak.');
    const { port1, port2 } = new MessageChannel();
    let microphone: Microphone;
    try {
      microphone = await openMicrophone(port1, abort.signal);
    } catch (thrown) {
      port2.close();
      if (abort.signal.aborted) return;
      stop();
      invite();
      complain(thrown, () => void startListening(), 'Try again');
      return;
    }
    if (abort.signal.aborted) return;
    mine.listen(port2, microphone.sampleRate);
    status.say('Listening. Say one of the words.');
    const lost = await microphone.lost;
    if (abort.signal.aborted) return;
    stop();
    complain(lost, () => void startListening(), 'Try again');
  }

  const listener: EngineListener = {
    onProgress: (progress) => {
      if (progress.stage !== 'ready') status.loading(title(), progress, () => engine?.release());
    },
    onFrames: (frames) => sound.add(frames),
    onWindow: (window) => look(window),
    onWord: ({ label, probability, time }) => {
      words++;
      if (newest && ready) result.bars(ready.labels, newest.smoothed);
      status.clear();
      result.show(label, probability);
      sound.mark(label, time);
      list.add({ label, probability, source: source?.kind === 'recording' ? source.name : 'microphone' });
      requestAnimationFrame(() => {
        shownAt = performance.timeOrigin + performance.now();
      });
    },
    onWordEnd: (clock) => {
      if (clock !== undefined && shownAt > 0) list.setLatency(shownAt - clock);
    },
    onDone: () => {
      cost.settle();
      if (words > 0) status.clear();
      else status.say(nothingHeard());
    },
    onFailure: (error) => {
      stop();
      complain(error, load, 'Load the network again');
    },
  };

  function look(window: WindowReport): void {
    if (!ready) return;
    const { labels } = ready;
    probabilities.add(window.time, window.smoothed);
    cost.add(window);
    newest = window;
    const before = closest;
    labels.forEach((label, index) => {
      const probability = window.smoothed[index]!;
      if (!WordDetector.isFiller(label) && probability > (closest?.probability ?? 0)) closest = { label, probability };
    });
    // A recording is heard very fast. The screen keeps its best moment, not the silence after it.
    if (source?.kind === 'microphone' || (words === 0 && closest !== before)) result.bars(labels, window.smoothed);
  }

  function nothingHeard(): string {
    if (!closest) return 'No word was found in it.';
    return `No word reached ${state.threshold} %. The closest was “${closest.label}” with ${formatPercent(closest.probability)}.`;
  }

  function title(): string {
    return models.find(({ id }) => id === state.model)!.title;
  }

  function invite(): void {
    status.say('Press “Listen” and speak, or try a recording.');
  }

  /** Starts over with the network that the state names. */
  function load(): void {
    stop();
    engine?.release();
    ready = undefined;
    result.hide();
    problem.replaceChildren();
    renderListen();
    const model = models.find(({ id }) => id === state.model)!;
    status.loading(model.title, undefined, () => mine.release());
    const mine: Engine = new Engine(model[state.engine], state.threshold / 100, listener);
    engine = mine;
    mine.ready.then(
      (loaded) => {
        if (mine !== engine) return;
        ready = loaded;
        const known = loaded.labels.filter((label) => !WordDetector.isFiller(label)).map(classTitle);
        vocabulary.textContent = `It knows ${new Intl.ListFormat('en').format(known)}.`;
        sound.reset(loaded.spec);
        probabilities.reset(loaded.labels);
        cost.reset(loaded, ENGINES[state.engine]);
        invite();
        renderListen();
        void recordings.offerSamples(loaded.labels);
      },
      (error: unknown) => {
        if (mine === engine) status.failed(error, load);
      },
    );
  }

  function change(wanted: Partial<SpeechState>): void {
    const before = state;
    state = { ...before, ...wanted };
    history.replaceState(null, '', formatState(state));
    render();
    if (before.model !== state.model || before.engine !== state.engine) load();
    else if (engine && before.threshold !== state.threshold) engine.threshold = state.threshold / 100;
  }

  function render(): void {
    controls.show(state);
    probabilities.setThreshold(state.threshold / 100);
  }

  function stopListening(): void {
    stop();
    invite();
  }
  const listening = () => source?.kind === 'microphone';
  listen.addEventListener('click', () => (listening() ? stopListening() : void startListening()));
  // A hidden page does not listen.
  document.addEventListener('visibilitychange', () => document.hidden && listening() && stopListening());
  window.addEventListener('hashchange', () => change(readAddress()));
  history.replaceState(null, '', formatState(state));
  render();
  load();
}
