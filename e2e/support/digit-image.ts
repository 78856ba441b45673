import { HANDWRITING } from './demo-page.js';

/** A PNG of a digit as the digit network was trained on: white ink on black, in the middle. */
export async function drawDigit(digit: string, size = 280): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const lines = HANDWRITING[digit]!.map(
    (stroke) => `<polyline points="${stroke.map(([x, y]) => `${x},${y}`).join(' ')}"/>`,
  );
  // 20 of 28 pixels hold the digit in MNIST; these strokes fill about 70 of 100.
  const image = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 100 100">
    <rect width="100" height="100"/>
    <g fill="none" stroke="#fff" stroke-width="8" stroke-linecap="round" stroke-linejoin="round">${lines.join('')}</g>
  </svg>`;
  return sharp(Buffer.from(image)).png().toBuffer();
}
