import type { Picture } from '../../src/data/dataset.js';
import { LutraError } from '../../src/errors.js';

/** Longest side that is read back from a decoded picture: a photograph's full size would stall the page for nothing. */
const MAX_SIDE = 512;

/** Made when it is first used. */
let shared: OffscreenCanvasRenderingContext2D | undefined;

/** The sRGB bytes of a picture or of a video's current frame, on white where it is transparent. Works in workers too. */
export function readPixels(source: CanvasImageSource, width: number, height: number): Picture {
  shared ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true, alpha: false })!;
  const context = shared;
  const { canvas } = context;
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    pixels[to++] = data[from]!;
    pixels[to++] = data[from + 1]!;
    pixels[to++] = data[from + 2]!;
  }
  return { width: canvas.width, height: canvas.height, channels: 3, pixels };
}

/**
 * Decodes a picture file off the main thread.
 * @throws {LutraError} `INVALID_DATA` when the browser cannot read it.
 */
export async function decodePicture(file: Blob, name: string): Promise<Picture> {
  const options: ImageBitmapOptions = { colorSpaceConversion: 'none', imageOrientation: 'from-image' };
  const bitmap = await createImageBitmap(file, options).catch((cause: unknown) => {
    throw new LutraError('INVALID_DATA', `${name} is not a picture that this browser can read`, {
      hint: 'JPEG, PNG, WebP, GIF and AVIF work',
      cause,
    });
  });
  try {
    return readPixels(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}
