import { LutraError } from '../errors.js';
import { deviceProblem } from '../speech/device-problem.js';

/**
 * Asks the visitor for the camera.
 *
 * @throws LutraError `PLATFORM`
 */
export async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices) {
    throw new LutraError('PLATFORM', 'This page may not use the camera', { hint: 'Open it over https' });
  }
  const video = { facingMode: 'environment', width: { ideal: 640 }, height: { ideal: 480 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video });
  } catch (thrown) {
    throw deviceProblem(thrown, 'camera', 'drop an image instead');
  }
}

/**
 * Passes the frames of a playing video to `onFrame`, one at a time. With a slow network the rate drops, and no frames wait. Ends when the
 * signal fires or the video pauses.
 */
export async function watchVideo(
  video: HTMLVideoElement,
  signal: AbortSignal,
  onFrame: (video: HTMLVideoElement) => Promise<void>,
): Promise<void> {
  while (!signal.aborted && !video.paused && !video.ended) {
    await new Promise(requestAnimationFrame);
    if (signal.aborted) return;
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) await onFrame(video);
  }
}
