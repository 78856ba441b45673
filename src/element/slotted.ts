import { watchVideo } from './camera.js';

type Media = HTMLImageElement | HTMLVideoElement | HTMLCanvasElement;

/** Called for what the page puts into the element. */
export interface SlottedListener {
  /** @param filled Whether anything is in the slot. */
  onFill(filled: boolean): void;
  /** Called for an image that has loaded, a canvas, or a frame. @param live Whether it is one of many frames. */
  onMedia(media: Media, live: boolean): Promise<void>;
}

/** Watches the slot and the first image, video or canvas in it, until the signal fires. */
export function watchSlot(slot: HTMLSlotElement, listener: SlottedListener, signal: AbortSignal): void {
  let current: Media | undefined;
  let watching = new AbortController();

  function follow(media: Media | undefined): void {
    watching.abort();
    watching = new AbortController();
    current = media;
    if (!media) return;
    const options = { signal: AbortSignal.any([watching.signal, signal]) };
    const still = (): void => void listener.onMedia(media, false);
    if (media instanceof HTMLVideoElement) {
      const play = (): void => void watchVideo(media, options.signal, () => listener.onMedia(media, true));
      media.addEventListener('playing', play, options);
      for (const event of ['loadeddata', 'seeked']) {
        media.addEventListener(event, () => media.paused && still(), options);
      }
      if (!media.paused) play();
      else if (media.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) still();
    } else {
      media.addEventListener('load', still, options);
      if (!(media instanceof HTMLImageElement) || (media.complete && media.naturalWidth > 0)) still();
    }
  }

  function look(): void {
    const elements = slot.assignedElements();
    const media = elements.flatMap((element) => (isMedia(element) ? [element] : findInside(element)));
    listener.onFill(elements.length > 0);
    if (media[0] !== current) follow(media[0]);
  }
  slot.addEventListener('slotchange', look, { signal });
  look();
}

function isMedia(element: Element): element is Media {
  return (
    element instanceof HTMLImageElement || element instanceof HTMLVideoElement || element instanceof HTMLCanvasElement
  );
}

/** An `<img>` in a `<picture>` counts as slotted. Elements that are nested deeper are ignored. */
function findInside(element: Element): Media[] {
  return element instanceof HTMLPictureElement ? [...element.querySelectorAll('img')] : [];
}
