import { LutraError } from '../errors.js';
import type { PixelImage } from './dataset.js';
import { makeImage } from './image.js';

type Sharp = typeof import('sharp')['default'];
let loading: Promise<Sharp> | undefined;

async function loadSharp(): Promise<Sharp> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new LutraError('PLATFORM', 'reading images needs the package "sharp", which is not installed', {
      hint: 'Run: npm install sharp',
      cause,
    });
  }
}

/**
 * Decodes JPEG, PNG, WebP, GIF, TIFF or AVIF bytes (Node only). EXIF orientation is applied, alpha is dropped and embedded color
 * profiles are ignored. The result has 8 bits and equals that of Pillow's `convert('RGB')`, so that accuracy is comparable with training.
 * Grey becomes R = G = B.
 * @throws {LutraError} `INVALID_DATA` naming the file when it cannot be decoded whole; `PLATFORM` when sharp is missing.
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<PixelImage> {
  const sharp = await (loading ??= loadSharp());
  try {
    const { data, info } = await sharp(bytes, { ignoreIcc: true })
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return makeImage(info.width, info.height, 3, new Uint8Array(data.buffer, data.byteOffset, data.length));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new LutraError('INVALID_DATA', `${name} cannot be decoded as an image: ${reason}`, { cause });
  }
}
