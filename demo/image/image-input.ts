import type { PixelImage } from '../../src/data/dataset.js';
import { PixelReader } from '../../src/element/pixels.js';
import type { LutraError } from '../../src/index.js';
import { html, icon } from '../shared/dom.js';
import { listenForDrops } from '../shared/drops.js';
import { fetchSample, type ListedSample, loadSamples } from '../shared/samples.js';
import { writeExamples } from './paper.js';

const UPLOAD = 'M12 16V5M7 10l5-5 5 5M5 19h14';

interface Sample extends ListedSample {
  /** Its bytes, where the page made it itself. */
  readonly blob?: Blob;
}

export interface ImageListener {
  onImage(image: PixelImage, name: string): void;
  onError(error: unknown): void;
}

/** Written once, when they are first wanted. */
let papers: Promise<readonly Sample[]> | undefined;
async function makeSamples(): Promise<readonly Sample[]> {
  return (await writeExamples()).map((example) => ({ ...example, url: URL.createObjectURL(example.blob) }));
}

/** Sample gallery, file chooser, and drop and paste anywhere on the page. */
export function createImageInput({ onImage, onError }: ImageListener) {
  let current: { image: PixelImage; name: string } | undefined;
  /** Counts requests, so that a slow image does not overtake a later one. */
  let request = 0;
  const samples = loadSamples('../samples/manifest.json');
  const pixels = new PixelReader();

  const shown = html('img', { class: 'shown', alt: '', hidden: true });
  const file = html('input', { type: 'file', accept: 'image/*', id: 'file', class: 'visually-hidden' });
  const choose = html('label', { class: 'button', for: 'file' }, icon(UPLOAD), 'Choose an image');
  const invitation = html(
    'div',
    { class: 'drop' },
    shown,
    html('div', { class: 'drop-words' }, file, choose, html('p', {}, 'or drop one anywhere on this page, or paste it')),
  );
  const gallery = html('ul', { class: 'gallery', 'aria-label': 'Sample images' });
  const note = html('p', { class: 'help' });
  const element = html('div', { class: 'images' }, invitation, gallery, note);

  function mark(url: string | undefined): void {
    for (const button of gallery.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.url === url));
    }
  }

  async function take(load: () => Promise<Blob>, name: string, sample?: string): Promise<void> {
    const mine = ++request;
    try {
      const blob = await load();
      const image = await pixels.open(blob, name);
      if (mine !== request) return;
      current = { image, name };
      if (shown.src) URL.revokeObjectURL(shown.src);
      shown.src = URL.createObjectURL(blob);
      shown.alt = name;
      shown.classList.toggle('tiny', image.width < 64);
      shown.hidden = false;
      mark(sample);
      onImage(image, name);
    } catch (error) {
      if (mine === request) onError(error as LutraError);
    }
  }

  function takeSample(sample: Sample): void {
    const load = async () => sample.blob ?? fetchSample(sample.url);
    void take(load, `sample: ${sample.label}`, sample.url);
  }

  function takeFirst(files: Iterable<File>, name: string): boolean {
    const [first] = files;
    if (first) void take(async () => first, first.name || name);
    return first !== undefined;
  }

  file.addEventListener('change', () => {
    takeFirst(file.files ?? [], 'the chosen file');
    // Choosing the same file again must count as a choice.
    file.value = '';
  });
  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (takeFirst(files, 'the pasted image')) event.preventDefault();
  });
  listenForDrops(({ files }) => void takeFirst(files, 'the dropped image'));

  return {
    element,
    /** Shows samples of these classes; drop, paste and choose stay open. `handwriting`: the network reads digits. */
    async offerSamples(labels: readonly string[], handwriting: boolean) {
      const fits = ({ label }: Sample) => labels.includes(label);
      let fitting = (await samples).filter(fits);
      if (fitting.length === 0 && handwriting) fitting = (await (papers ??= makeSamples())).filter(fits);
      gallery.replaceChildren(
        ...fitting.map((sample) => {
          const image = html('img', { src: sample.url, alt: sample.label, loading: 'lazy', width: 64, height: 64 });
          const attributes = { type: 'button', 'aria-pressed': false, 'data-url': sample.url, title: sample.label };
          const button = html('button', attributes, image);
          button.addEventListener('click', () => takeSample(sample));
          return html('li', {}, button);
        }),
      );
      gallery.hidden = fitting.length === 0;
      if (handwriting)
        note.textContent = 'One digit per image, dark on light or light on dark: a photo of your own will do.';
      else if (labels.length > 0) note.textContent = `This network knows ${new Intl.ListFormat('en').format(labels)}.`;
      else note.textContent = '';
    },
    /** Repeats the current image to the listener; false when there is none. */
    refresh() {
      if (current) onImage(current.image, current.name);
      return current !== undefined;
    },
    /** Picks the first sample; false when there is none. */
    pickFirst() {
      const first = gallery.querySelector('button');
      first?.click();
      return first !== null;
    },
    /** Opens the file chooser. */
    choose: () => file.click(),
  };
}
