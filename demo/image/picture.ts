import type { Picture } from '../../src/data/dataset.js';
import { convertChannels } from '../../src/data/picture.js';
import { fitPicture } from '../../src/data/preprocess.js';
import type { ImagePreprocess } from '../../src/graph/lookup.js';
import { LutraError } from '../../src/index.js';
import { DIGIT_SIZE, normaliseDigit } from './digit.js';

/** Longest side that is read back from a decoded picture: a photograph's full size would stall the page for nothing. */
const MAX_SIDE = 512;

const canvas = document.createElement('canvas');
const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false })!;

/** The sRGB bytes of a picture or of a video's current frame, on white where it is transparent. */
export function readPixels(source: CanvasImageSource, width: number, height: number): Picture {
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

/**
 * Prepares a picture from outside for a network. Handwriting is found on its paper and normalised as on the drawing pad,
 * unless the picture already is what the network was trained on; all else is cropped and shrunk to what it takes.
 * @returns undefined when there is no writing to be seen.
 */
export function prepare(picture: Picture, spec: ImagePreprocess, handwriting: boolean): Picture | undefined {
  if (!handwriting || spec.width !== DIGIT_SIZE || spec.height !== DIGIT_SIZE) return fitPicture(picture, spec);
  const grey = convertChannels(picture, 1);
  const { width, height, pixels } = grey;
  if (width === DIGIT_SIZE && height === DIGIT_SIZE && pixels[0]! < 32 && pixels.at(-1)! < 32) return grey;
  const digit = normaliseDigit(pixels, width, height);
  return digit && { width: DIGIT_SIZE, height: DIGIT_SIZE, channels: 1, pixels: digit };
}

/** Paints a picture into a canvas of its own size. */
export function paintPicture(target: HTMLCanvasElement, picture: Picture): void {
  const { width, height, channels, pixels } = picture;
  target.width = width;
  target.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[i * 4 + channel] = pixels[i * channels + (channels === 3 ? channel : 0)]!;
    }
    image.data[i * 4 + 3] = 255;
  }
  target.getContext('2d')!.putImageData(image, 0, 0);
}
