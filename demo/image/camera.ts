import type { Picture } from '../../src/data/dataset.js';
import { LutraError } from '../../src/index.js';
import { html } from '../shared/dom.js';
import { readPixels } from '../shared/pixels.js';

export interface Camera {
  readonly element: HTMLElement;
  stop(): void;
}

export interface CameraListener {
  /** A frame to be answered; the next one is taken when the promise settles. */
  onFrame(picture: Picture): Promise<void>;
}

/** What to do about each way in which a browser withholds the camera. */
function explain(thrown: unknown): LutraError {
  const name = thrown instanceof DOMException ? thrown.name : '';
  const [message, hint] = {
    NotAllowedError: [
      'The browser was not allowed to use the camera',
      'Allow it in the site settings beside the address, then try again',
    ],
    NotFoundError: ['No camera was found', 'Connect one, or drop a picture instead'],
    NotReadableError: ['The camera is busy', 'Close the other program that uses it, then try again'],
  }[name] ?? ['The camera could not be started', 'Drop a picture instead'];
  return new LutraError('PLATFORM', message!, { hint: hint!, cause: thrown });
}

/** Live pictures from the camera, one at a time: a slow network lowers the frame rate and nothing piles up. */
export function createCamera({ onFrame }: CameraListener): Camera {
  let stream: MediaStream | undefined;
  /** Counts starts and stops, so that a permission given late does not start a stopped camera. */
  let generation = 0;
  const video = html('video', { muted: true, playsinline: true, hidden: true, 'aria-label': 'Camera picture' });
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
    generation++;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
    video.hidden = true;
    words.hidden = false;
    button.disabled = false;
    button.textContent = 'Start the camera';
  }

  async function watch(mine: number): Promise<void> {
    while (mine === generation) {
      await new Promise(requestAnimationFrame);
      if (mine !== generation || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
      await onFrame(readPixels(video, video.videoWidth, video.videoHeight));
    }
  }

  async function start(): Promise<void> {
    const mine = ++generation;
    button.disabled = true;
    problem.hidden = true;
    try {
      if (!navigator.mediaDevices) {
        throw new LutraError('PLATFORM', 'This page may not use the camera', { hint: 'Open it over https' });
      }
      const granted = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: 'environment', width: { ideal: 640 }, height: { ideal: 480 } },
      });
      if (mine !== generation) {
        for (const track of granted.getTracks()) track.stop();
        return;
      }
      stream = granted;
      video.srcObject = granted;
      await video.play();
    } catch (thrown) {
      if (mine !== generation) return;
      stop();
      problem.textContent = (thrown instanceof LutraError ? thrown : explain(thrown)).message;
      problem.hidden = false;
      return;
    }
    video.hidden = false;
    words.hidden = true;
    button.disabled = false;
    button.textContent = 'Stop the camera';
    void watch(mine);
  }

  button.addEventListener('click', () => (stream ? stop() : void start()));
  document.addEventListener('visibilitychange', () => document.hidden && stream && stop());
  return { element, stop };
}
