import type { PixelImage } from '../../src/data/dataset.js';
import { byId, html } from '../shared/dom.js';
import type { ModelEntry } from '../shared/models.js';
import type { Status } from '../shared/status.js';
import { createBytes } from './bytes.js';
import { createCamera } from './camera.js';
import { createControls } from './controls.js';
import { createImageInput } from './image-input.js';
import { latencyView } from './latency.js';
import { layersView } from './layers.js';
import { type ImageNetwork, measureTogether } from './network.js';
import { ImageNetworks } from './networks.js';
import { createPad } from './pad.js';
import { prepare } from './paint.js';
import { createResult } from './result.js';
import { type DemoState, formatState, parseState, type SourceKind } from './state.js';
import { createTabs } from './tabs.js';

/** Quiet time after an answer before the measurement starts, so that it does not compete with drawing. */
const SETTLE_MILLISECONDS = 350;

interface Input {
  readonly image: PixelImage;
  /** Speak the answer: not for the frames of a film or the middle of a stroke. */
  readonly announce: boolean;
}

/** Wires the page together: what the user chooses and shows in, answers and measurements out. */
export function createDemo(models: readonly ModelEntry[], status: Status): void {
  const fallback = models[0]!;
  const findModel = (id: string | undefined) => models.find((model) => model.id === id) ?? fallback;
  const readAddress = (): DemoState => {
    const wanted = parseState(location.hash);
    const model = findModel(wanted.model);
    const source = wanted.source === 'draw' && !model.pad ? 'images' : wanted.source;
    return {
      engine: wanted.engine ?? 'lut',
      threads: wanted.threads ?? 'auto',
      wasm: wanted.wasm ?? 'auto',
      model: model.id,
      source: source ?? (model.pad ? 'draw' : 'images'),
    };
  };

  let state = readAddress();
  let networks: ImageNetworks | undefined;
  let input: Input | undefined;
  let answering = false;
  let measured = false;
  let settle: ReturnType<typeof setTimeout> | undefined;

  const result = createResult();
  byId('result').append(result.element);
  const bytes = createBytes(byId('bytes'));
  const measure = byId<HTMLButtonElement>('measure');

  const pad = createPad((digit, settled) => {
    // The example may still be drawn when the visitor has chosen another input.
    if (state.source !== 'draw') return;
    if (digit) void show(digit, settled);
    else forget('Write a digit to get an answer.');
  });
  const images = createImageInput({
    onImage: (image) => {
      // Moving to the images repeats this one.
      if (state.source !== 'images') change({ source: 'images' });
      else void offer(image, true);
    },
    onError: (error) => status.failed(error, () => images.choose(), 'Choose another'),
  });
  const camera = createCamera((image) => offer(image, false));
  const tabs = createTabs<SourceKind>(
    byId('tabs'),
    byId('stage'),
    [
      { id: 'draw', label: 'Draw', panel: pad.element },
      { id: 'images', label: 'Images', panel: images.element },
      { id: 'camera', label: 'Camera', panel: camera.element },
    ],
    (source) => change({ source }),
  );
  const controls = createControls(byId<HTMLFormElement>('controls'), models, (wanted) => {
    const model = findModel(wanted.model ?? state.model);
    // A change of network moves to the input that suits it.
    change(wanted.model === undefined ? wanted : { ...wanted, source: model.pad ? 'draw' : 'images' });
  });

  /** Takes the answer back: it no longer belongs to what is shown. */
  function forget(words: string): void {
    input = undefined;
    clearTimeout(settle);
    result.hide();
    if (networks?.loaded[state.engine]) status.say(words);
  }

  /** Answers an image; while one is being answered only the newest waits. */
  function show(image: PixelImage, announce: boolean): Promise<void> {
    input = { image, announce };
    return answerAll();
  }

  /** Answers an image from outside, once it is known what the network needs. */
  async function offer(image: PixelImage, announce: boolean): Promise<void> {
    const network = await wanted();
    if (!network) return;
    const prepared = prepare(image, network.spec, findModel(state.model).pad);
    if (prepared) await show(prepared, announce);
    else forget('No writing found: try a darker pen or a lighter background.');
  }

  /** The network that answers now, or undefined after saying why there is none. */
  async function wanted(): Promise<ImageNetwork | undefined> {
    const mine = networks;
    try {
      return await mine?.get(state.engine);
    } catch (error) {
      if (mine === networks) status.failed(error, load);
      return undefined;
    }
  }

  async function answerAll(): Promise<void> {
    if (answering) return;
    answering = true;
    try {
      let answered: Input | undefined;
      while (input && input !== answered) {
        const mine = networks;
        const network = await wanted();
        if (!network) return;
        const now: Input | undefined = input;
        if (mine !== networks || !now) continue;
        try {
          const probabilities = await network.classify(now.image);
          if (mine !== networks || !input) continue;
          const label = (index: number) => network.label(index);
          status.clear();
          result.show({ image: now.image, probabilities, label, how: account(network) }, now.announce);
          answered = now;
        } catch (error) {
          if (mine !== networks) continue;
          status.failed(error, load);
          return;
        }
      }
    } finally {
      answering = false;
    }
    if (input && !measured) {
      clearTimeout(settle);
      settle = setTimeout(() => void compare(), SETTLE_MILLISECONDS);
    }
  }

  function account({ info }: ImageNetwork): string {
    const threads = info.threads === 1 ? '1 thread' : `${info.threads} threads`;
    const kind = state.engine === 'lut' ? 'lookup' : 'the dense original';
    return `Computed by ${kind} in a worker, ${threads}, ${info.wasm === 'relaxed' ? 'relaxed SIMD' : 'SIMD'}.`;
  }

  /** Times both networks on the current input. */
  async function compare(): Promise<void> {
    const mine = networks;
    const now = input;
    if (!mine || !now || measure.dataset.busy) return;
    measured = true;
    measure.dataset.busy = 'true';
    measure.disabled = true;
    try {
      const both = await Promise.all([mine.get('lut'), mine.get('dense')]);
      bytes.show({
        models: { lut: both[0].info.modelBytes, dense: both[1].info.modelBytes },
        wasm: both[0].info.wasm,
        card: mine.model.card,
      });
      const [lut, dense] = await measureTogether(both, now.image, mine.signal);
      byId('latency').replaceChildren(latencyView(lut.runs, dense.runs));
      byId('layers').replaceChildren(layersView(lut, dense));
    } catch (error) {
      if (mine === networks) {
        byId('latency').replaceChildren(html('p', { class: 'problem' }, `No comparison: ${(error as Error).message}`));
      }
    } finally {
      delete measure.dataset.busy;
      measure.disabled = false;
      // The networks changed meanwhile: the new ones must answer now.
      if (mine !== networks && input) void answerAll();
    }
  }
  measure.addEventListener('click', () => void compare());

  /** Starts over with the networks that the state names. */
  function load(): void {
    networks?.release();
    measured = false;
    clearTimeout(settle);
    const model = findModel(state.model);
    const engine = { threads: state.threads, wasm: state.wasm };
    const mine: ImageNetworks = new ImageNetworks(model, engine, (kind, progress) => {
      if (mine === networks && kind === state.engine && progress.stage !== 'ready') {
        status.loading(model.title, progress, () => mine.release());
      }
    });
    networks = mine;
    status.loading(model.title, undefined, () => mine.release());
    const waiting = html('p', { class: 'help' }, 'Measured after the first answer.');
    byId('latency').replaceChildren(waiting);
    byId('layers').replaceChildren(waiting.cloneNode(true));
    bytes.show({ models: {}, card: model.card });
    void wanted().then(async (network) => {
      if (!network || mine !== networks) return;
      bytes.show({ models: { [state.engine]: network.info.modelBytes }, wasm: network.info.wasm, card: model.card });
      status.say('Show it something to get an answer.');
      await images.offerSamples(network.labels, model.pad);
      if (mine === networks) resume();
    });
  }

  /** Answers what the chosen source already holds; a fresh page shows an example instead of an empty frame. */
  function resume(): void {
    if (state.source === 'draw') {
      if (pad.empty) pad.showExample();
      else pad.refresh();
    } else if (state.source === 'images' && !images.refresh() && !images.pickFirst()) {
      forget('Choose, drop or paste an image to get an answer.');
    } else if (state.source === 'camera') {
      forget('Start the camera to get an answer.');
    }
  }

  function change(wantedState: Partial<DemoState>): void {
    const before = state;
    state = { ...before, ...wantedState };
    history.replaceState(null, '', formatState(state));
    render();
    if (before.source !== state.source) camera.stop();
    const reload = before.model !== state.model || before.threads !== state.threads || before.wasm !== state.wasm;
    if (reload) {
      input = undefined;
      result.hide();
      load();
    } else if (before.source !== state.source) {
      resume();
    } else if (input) {
      void show(input.image, true);
    }
  }

  function render(): void {
    const model = findModel(state.model);
    tabs.offer('draw', model.pad);
    tabs.select(state.source);
    controls.show(state);
  }

  window.addEventListener('hashchange', () => change(readAddress()));
  history.replaceState(null, '', formatState(state));
  render();
  load();
}
