import { findClass } from '../../src/data/names.js';
import type { LutraError } from '../../src/index.js';
import { decodeRecording } from '../../src/speech/decode-recording.js';
import type { Recording } from '../../src/speech/wav.js';
import { byId, html, icon } from '../shared/dom.js';
import { listenForDrops } from '../shared/drops.js';
import { fetchSample, loadSamples } from '../shared/samples.js';

const UPLOAD = 'M12 16V5M7 10l5-5 5 5M5 19h14';
const PLAY = 'M8 5.5v13l11-6.5z';

export interface RecordingListener {
  onRecording(recording: Recording, name: string): void;
  onError(error: LutraError): void;
}

/** Plays a recording; one at a time. */
class Player {
  private context: AudioContext | undefined;

  play({ samples, sampleRate }: Recording): void {
    this.stop();
    const context = new AudioContext();
    this.context = context;
    const buffer = context.createBuffer(1, samples.length, sampleRate);
    buffer.copyToChannel(Float32Array.from(samples), 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.onended = () => void (context.state === 'closed' || context.close());
    source.start();
  }

  stop(): void {
    if (this.context && this.context.state !== 'closed') void this.context.close();
  }
}

/** Sample clips, file chooser, and drop anywhere on the page. */
export function createRecordings({ onRecording, onError }: RecordingListener) {
  /** Counts requests, so that a slow recording does not overtake a later one. */
  let request = 0;
  let current: Recording | undefined;
  const samples = loadSamples('../samples/speech/manifest.json');
  const player = new Player();

  const file = html('input', { type: 'file', accept: 'audio/*,.wav', id: 'file', class: 'visually-hidden' });
  const choose = html('label', { class: 'button', for: 'file' }, icon(UPLOAD), 'Choose a recording');
  const play = html(
    'button',
    { class: 'button quiet', type: 'button', id: 'play', disabled: true },
    icon(PLAY),
    'Hear it',
  );
  const help = html('p', { class: 'help' }, 'No microphone? Drop a WAV anywhere on this page, or choose one.');
  const gallery = html('ul', { class: 'clips', 'aria-label': 'Sample clips' });
  byId('recordings').replaceChildren(help, gallery, html('div', { class: 'row drop-row' }, file, choose, play));

  function mark(url: string | undefined): void {
    for (const button of gallery.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.url === url));
    }
  }

  async function take(load: () => Promise<Blob>, name: string, sample?: string): Promise<void> {
    const mine = ++request;
    player.stop();
    try {
      const recording = await decodeRecording(await load(), name);
      if (mine !== request) return;
      current = recording;
      play.disabled = false;
      mark(sample);
      onRecording(recording, name);
    } catch (error) {
      if (mine === request) onError(error as LutraError);
    }
  }

  function takeFirst(files: Iterable<File>, name: string): void {
    const [first] = files;
    if (first) void take(async () => first, first.name || name);
  }

  play.addEventListener('click', () => current && player.play(current));
  file.addEventListener('change', () => {
    takeFirst(file.files ?? [], 'the chosen file');
    // Choosing the same file again must count as a choice.
    file.value = '';
  });
  listenForDrops(({ files }) => takeFirst(files, 'the dropped recording'));

  return {
    /** Shows samples of these classes; drop and choose stay open. */
    async offerSamples(labels: readonly string[]) {
      const fitting = (await samples).flatMap(({ url, label }) => {
        const index = findClass(label, labels);
        return index < 0 ? [] : [{ url, label: labels[index]! }];
      });
      gallery.replaceChildren(
        ...fitting.map(({ url, label }) => {
          const attributes = { type: 'button', class: 'button clip', 'aria-pressed': false, 'data-url': url };
          const button = html('button', attributes, label);
          button.addEventListener('click', () => void take(() => fetchSample(url), `sample “${label}”`, url));
          return html('li', {}, button);
        }),
      );
      gallery.hidden = fitting.length === 0;
    },
    /** Marks nothing as being heard. */
    clear: () => {
      request++;
      player.stop();
      mark(undefined);
    },
    choose: () => file.click(),
  };
}
