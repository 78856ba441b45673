import '../../src/element/define.js';
import type { PixelImage } from '../../src/data/dataset.js';
import { createPad } from '../image/pad.js';
import { byId, html } from '../shared/dom.js';
import { formatBytes, formatMilliseconds } from '../shared/format.js';
import { mountThemeToggle } from '../shared/theme.js';

mountThemeToggle(byId<HTMLButtonElement>('theme'));
byId('isolation').textContent = crossOriginIsolated ? 'is isolated.' : 'is not isolated.';

const classifier = html('lutra-classifier', {
  id: 'classifier',
  src: './models/digits.lut.onnx',
  top: 3,
  inputs: '',
});

/** The digit as the network was trained to see it: white on black. */
function toImageData({ width, height, pixels }: PixelImage): ImageData {
  const image = new ImageData(width, height);
  pixels.forEach((ink, i) => {
    image.data.set([ink, ink, ink, 255], i * 4);
  });
  return image;
}

/** While one digit is being read only the newest waits: strokes come faster than a busy machine answers. */
let newest: PixelImage | undefined;
let reading = false;
async function read(): Promise<void> {
  if (reading) return;
  reading = true;
  // The element shows why a reading failed; the next stroke tries again.
  for (let digit = newest; digit; digit = newest) {
    newest = undefined;
    await classifier.classify(toImageData(digit)).catch(() => {});
  }
  reading = false;
}

const pad = createPad((digit) => {
  newest = digit;
  void read();
});
classifier.append(pad.element);

let bytes = 0;
classifier.addEventListener('progress', ({ detail }) => {
  bytes = detail.loaded;
});
classifier.addEventListener('result', ({ detail }) => {
  const time = formatMilliseconds(detail.milliseconds);
  byId('account').textContent =
    `Read in ${time} by a network of ${formatBytes(bytes)}, right here; nothing you draw leaves this page.`;
});

byId('live').append(classifier);
pad.showExample();
