import type { Stroke } from './digit.js';

/** Digits as someone might write them. A stroke is a list of points "x,y" in thousandths of the pad's side. */
const DRAWINGS: readonly (readonly [digit: string, ...strokes: string[]])[] = [
  ['3', '300,260 390,190 520,170 640,220 660,330 590,430 460,475 590,500 690,590 690,710 590,810 440,830 300,760'],
  ['7', '270,220 480,215 710,205 620,400 530,600 455,840'],
  ['2', '300,330 340,220 470,165 610,210 660,330 600,470 470,620 310,800 480,790 720,800'],
  ['5', '680,190 520,195 370,200 350,330 335,460 450,430 590,450 680,560 670,710 560,815 420,825 300,760'],
  ['4', '420,170 370,320 300,530 460,530 720,520', '600,330 590,560 570,850'],
  [
    '8',
    '640,260 540,170 410,190 360,300 430,410 560,510 650,640 620,780 490,840 360,780 340,640 430,520 570,420 650,320 640,260',
  ],
];

function parseStroke(points: string): Stroke {
  return points.split(' ').map((point) => {
    const [x, y] = point.split(',').map(Number) as [number, number];
    return { x: x / 1000, y: y / 1000 };
  });
}

/** Digits that the pad can write by itself; strokes in units of the pad's side, 0..1. */
export const EXAMPLES: readonly { readonly digit: string; readonly strokes: readonly Stroke[] }[] = DRAWINGS.map(
  ([digit, ...strokes]) => ({ digit, strokes: strokes.map(parseStroke) }),
);
