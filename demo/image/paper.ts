import { type Stroke, smoothStroke } from './digit.js';
import { EXAMPLES } from './examples.js';

const SIDE = 168;
/** Pen width in shares of the side. */
const PEN_WIDTH = 0.055;
const INK = '#26304a';
const PAPER = ['#f1ede1', '#d9d4c6'] as const;

/** A digit in ink on unevenly lit paper, as a photograph would show it. */
function write(strokes: readonly Stroke[]): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d')!;
  const light = context.createLinearGradient(0, 0, SIDE, SIDE);
  light.addColorStop(0, PAPER[0]);
  light.addColorStop(1, PAPER[1]);
  context.fillStyle = light;
  context.fillRect(0, 0, SIDE, SIDE);
  context.lineCap = context.lineJoin = 'round';
  context.lineWidth = PEN_WIDTH * SIDE;
  context.strokeStyle = INK;
  for (const stroke of strokes) {
    context.beginPath();
    for (const { x, y } of smoothStroke(stroke)) context.lineTo(x * SIDE, y * SIDE);
    context.stroke();
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the canvas gave no image')))),
  );
}

/** Images of handwriting that need no download: the pad's examples on paper. */
export function writeExamples(): Promise<readonly { readonly label: string; readonly blob: Blob }[]> {
  return Promise.all(EXAMPLES.map(async ({ digit, strokes }) => ({ label: digit, blob: await write(strokes) })));
}
