import type { PixelImage } from '../data/dataset.js';
import { LutraError } from '../errors.js';
import { fetchBlob } from './fetch-blob.js';
import type { ImageSource } from './types.js';

/** Longest side that is read. Reading a photograph at full size would block the page. */
const MAX_SIDE = 512;

/** Reads images through one canvas, which it keeps. In a worker it can open addresses, Blobs and ImageData. */
export class PixelReader {
  #context = createContext();

  /**
   * The sRGB bytes of something that can be drawn. Transparent pixels become white. The longer side shrinks to at most 512 pixels.
   *
   * @throws LutraError `INVALID_DATA` when it has no pixels, or when another site does not allow to read them.
   */
  read(source: CanvasImageSource, width: number, height: number): PixelImage {
    if (!(width > 0 && height > 0)) throw new LutraError('INVALID_DATA', 'the image has no pixels');
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    const context = this.#context;
    const { canvas } = context;
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    try {
      return dropAlpha(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch (cause) {
      // A canvas with an image of another site can never be read again.
      this.#context = createContext();
      throw new LutraError('INVALID_DATA', 'the image belongs to another site, which does not share its pixels', {
        hint: 'Give the element crossorigin="anonymous" and let that site send Access-Control-Allow-Origin',
        cause,
      });
    }
  }

  /**
   * Decodes and reads an image of any kind.
   *
   * @param name Its name in messages.
   * @throws LutraError `INVALID_DATA` when it cannot be read, `LOAD_FAILED` when it cannot be fetched.
   */
  async open(source: ImageSource, name = 'the image'): Promise<PixelImage> {
    if (typeof source === 'string' || source instanceof URL) return this.open(await fetchBlob(source), String(source));
    if (source instanceof Blob || source instanceof ImageData) return this.#decode(source, name);
    if (source instanceof HTMLImageElement) {
      await source.decode().catch((cause: unknown) => {
        throw unreadable(source.currentSrc || name, cause);
      });
      return this.read(source, source.naturalWidth, source.naturalHeight);
    }
    if (source instanceof HTMLVideoElement) return this.read(source, source.videoWidth, source.videoHeight);
    if (typeof VideoFrame === 'function' && source instanceof VideoFrame) {
      return this.read(source, source.displayWidth, source.displayHeight);
    }
    const isCanvas =
      source instanceof HTMLCanvasElement ||
      (typeof OffscreenCanvas === 'function' && source instanceof OffscreenCanvas);
    if (isCanvas || source instanceof ImageBitmap) return this.read(source, source.width, source.height);
    throw new LutraError('INVALID_ARGUMENT', 'this is not an image', {
      expected: 'an address, a Blob, ImageData, ImageBitmap, VideoFrame, an image, video or canvas',
      actual: Object.prototype.toString.call(source),
    });
  }

  async #decode(source: Blob | ImageData, name: string): Promise<PixelImage> {
    const options: ImageBitmapOptions = { colorSpaceConversion: 'none', imageOrientation: 'from-image' };
    const bitmap = await createImageBitmap(source, options).catch((cause: unknown) => {
      throw unreadable(name, cause);
    });
    try {
      return this.read(bitmap, bitmap.width, bitmap.height);
    } finally {
      bitmap.close();
    }
  }
}

/** On a page a canvas element, which every browser has. In a worker an OffscreenCanvas, the only kind there. */
function createContext(): CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D {
  const settings: CanvasRenderingContext2DSettings = { willReadFrequently: true, alpha: false };
  if (typeof document === 'undefined') return new OffscreenCanvas(1, 1).getContext('2d', settings)!;
  return document.createElement('canvas').getContext('2d', settings)!;
}

function dropAlpha({ data, width, height }: ImageData): PixelImage {
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    pixels[to++] = data[from]!;
    pixels[to++] = data[from + 1]!;
    pixels[to++] = data[from + 2]!;
  }
  return { width, height, channels: 3, pixels };
}

function unreadable(name: string, cause: unknown): LutraError {
  return new LutraError('INVALID_DATA', `${name} is not an image that this browser can read`, {
    hint: 'JPEG, PNG, WebP, GIF and AVIF work',
    cause,
  });
}
