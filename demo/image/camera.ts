import type { PixelImage } from '../../src/data/dataset.js';
import { openCamera, watchVideo } from '../../src/element/camera.js';
import { PixelReader } from '../../src/element/pixels.js';
import { LutraError } from '../../src/index.js';
import { html } from '../shared/dom.js';

/**
 * Live images from the camera, one at a time: a slow network lowers the frame rate, and no frames wait. The next frame is taken when the
 * promise of `onFrame` settles.
 */
export function createCamera(onFrame: (image: PixelImage) => Promise<void>) {
  let live: AbortController | undefined;
  const pixels = new PixelReader();
  const video = html('video', { muted: true, playsinline: true, hidden: true, 'aria-label': 'Camera image' });
  const button = html('button', { class: 'button primary', type: 'button', id: 'camera-toggle' }, 'Start the camera');
  const words = html(
    'p',
    {},
    'Point the camera at something. Every frame is answered here in the browser, and none of them leaves it.',
  );
  const problem = html('p', { class: 'problem', role: 'alert', hidden: true });
  const element = html(
    'div',
    { class: 'camera' },
    html('div', { class: 'drop' }, video, html('div', { class: 'drop-words' }, words, button)),
    problem,
  );

  function stop(): void {
    live?.abort();
    live = undefined;
    video.srcObject = null;
    video.hidden = true;
    words.hidden = false;
    button.disabled = false;
    button.textContent = 'Start the camera';
  }

  async function start(): Promise<void> {
    const { signal } = (live = new AbortController());
    button.disabled = true;
    problem.hidden = true;
    try {
      const stream = await openCamera();
      const close = () => {
        for (const track of stream.getTracks()) track.stop();
      };
      // A permission given late does not start a stopped camera.
      if (signal.aborted) return close();
      signal.addEventListener('abort', close);
      video.srcObject = stream;
      await video.play();
    } catch (thrown) {
      if (signal.aborted) return;
      stop();
      problem.textContent = LutraError.from(thrown).message;
      problem.hidden = false;
      return;
    }
    video.hidden = false;
    words.hidden = true;
    button.disabled = false;
    button.textContent = 'Stop the camera';
    void watchVideo(video, signal, () => onFrame(pixels.read(video, video.videoWidth, video.videoHeight)));
  }

  button.addEventListener('click', () => (live ? stop() : void start()));
  document.addEventListener('visibilitychange', () => document.hidden && video.srcObject && stop());
  return { element, stop };
}
