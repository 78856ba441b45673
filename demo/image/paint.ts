import type { PixelImage } from '../../src/data/dataset.js';
import { convertChannels } from '../../src/data/image.js';
import { fitImage } from '../../src/data/preprocess.js';
import type { ImagePreprocess } from '../../src/graph/metadata.js';
import { DIGIT_SIZE, normalizeDigit } from './digit.js';

/**
 * Prepares an image from outside for a network. Handwriting is found on its paper and normalized as on the drawing pad,
 * unless the image already looks like the training images. Other images are cropped and shrunk to the input of the network.
 * @returns undefined when there is no writing to be seen.
 */
export function prepare(image: PixelImage, spec: ImagePreprocess, handwriting: boolean): PixelImage | undefined {
  if (!handwriting || spec.width !== DIGIT_SIZE || spec.height !== DIGIT_SIZE) return fitImage(image, spec);
  const grey = convertChannels(image, 1);
  const { width, height, pixels } = grey;
  if (width === DIGIT_SIZE && height === DIGIT_SIZE && pixels[0]! < 32 && pixels.at(-1)! < 32) return grey;
  const digit = normalizeDigit(pixels, width, height);
  return digit && { width: DIGIT_SIZE, height: DIGIT_SIZE, channels: 1, pixels: digit };
}

/** Paints an image into a canvas of its own size. */
export function paintImage(target: HTMLCanvasElement, image: PixelImage): void {
  const { width, height, channels, pixels } = image;
  target.width = width;
  target.height = height;
  const data = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      data.data[i * 4 + channel] = pixels[i * channels + (channels === 3 ? channel : 0)]!;
    }
    data.data[i * 4 + 3] = 255;
  }
  target.getContext('2d')!.putImageData(data, 0, 0);
}
