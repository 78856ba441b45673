import { LutraError } from '../errors.js';

/** A message and a hint for every reason why a browser gives no camera (Media Capture and Streams, section 10.3). */
function explain(thrown: unknown): LutraError {
  const [message, hint] = {
    NotAllowedError: [
      'The browser was not allowed to use the camera',
      'Allow it in the site settings beside the address, then try again',
    ],
    NotFoundError: ['No camera was found', 'Connect one, or drop an image instead'],
    NotReadableError: ['The camera is busy', 'Close the other program that uses it, then try again'],
  }[thrown instanceof DOMException ? thrown.name : ''] ?? ['The camera could not be started', 'Drop an image instead'];
  return new LutraError('PLATFORM', message!, { hint: hint!, cause: thrown });
}

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
    throw explain(thrown);
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
