/**
 * Handwriting to the image that a digit network was trained on. MNIST (LeCun, Cortes, Burges) scales every digit to fit
 * a 20×20 box, keeping its proportions, and puts its centre of mass in the middle of 28×28 pixels; ink is white on black.
 */
export interface Point {
  readonly x: number;
  readonly y: number;
}
export type Stroke = readonly Point[];

export const DIGIT_SIZE = 28;
const BOX = 20;
/** Half the width of the pen in pixels of the result: MNIST's strokes are about 2 to 3 pixels wide. */
const PEN_RADIUS = 1.15;
/** A drawing smaller than this share of the pad is a dot and is not enlarged. */
const MIN_EXTENT = 0.12;
/** Grey levels between paper and ink below which a photographed image counts as blank. */
const MIN_CONTRAST = 24;

/** Rounds corners by cutting them twice (Chaikin 1974); the ends stay where they are. */
export function smoothStroke(stroke: Stroke): Stroke {
  let points = stroke;
  for (let pass = 0; pass < 2 && points.length > 2; pass++) {
    const cut: Point[] = [points[0]!];
    for (let i = 0; i + 1 < points.length; i++) {
      const a = points[i]!;
      const b = points[i + 1]!;
      cut.push({ x: 0.75 * a.x + 0.25 * b.x, y: 0.75 * a.y + 0.25 * b.y });
      cut.push({ x: 0.25 * a.x + 0.75 * b.x, y: 0.25 * a.y + 0.75 * b.y });
    }
    cut.push(points.at(-1)!);
    points = cut;
  }
  return points;
}

/** Distance from p to the segment a–b. */
function distance(px: number, py: number, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((px - a.x) * dx + (py - a.y) * dy) / length));
  return Math.hypot(px - a.x - t * dx, py - a.y - t * dy);
}

/** Ink 0..255 of every pixel [28][28] for strokes in pixel units: full inside the pen, fading over its one-pixel rim. */
function draw(strokes: readonly Stroke[]): Uint8Array {
  const near = new Float32Array(DIGIT_SIZE * DIGIT_SIZE).fill(Number.POSITIVE_INFINITY);
  const reach = PEN_RADIUS + 1;
  const clampPixel = (value: number) => Math.max(0, Math.min(DIGIT_SIZE - 1, value));
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i++) {
      const a = stroke[Math.max(0, i - 1)]!;
      const b = stroke[i]!;
      const x1 = clampPixel(Math.ceil(Math.max(a.x, b.x) + reach));
      const y1 = clampPixel(Math.ceil(Math.max(a.y, b.y) + reach));
      for (let y = clampPixel(Math.floor(Math.min(a.y, b.y) - reach)); y <= y1; y++) {
        for (let x = clampPixel(Math.floor(Math.min(a.x, b.x) - reach)); x <= x1; x++) {
          const at = y * DIGIT_SIZE + x;
          near[at] = Math.min(near[at]!, distance(x + 0.5, y + 0.5, a, b));
        }
      }
    }
  }
  return Uint8Array.from(near, (d) => Math.round(255 * Math.max(0, Math.min(1, PEN_RADIUS + 0.5 - d))));
}

/** Centre of mass in pixels; the middle of the image when it is blank. */
function centreOfMass(ink: Uint8Array, width: number): Point {
  let sum = 0;
  let x = 0;
  let y = 0;
  ink.forEach((value, at) => {
    sum += value;
    x += value * ((at % width) + 0.5);
    y += value * (Math.floor(at / width) + 0.5);
  });
  return sum === 0 ? { x: width / 2, y: ink.length / width / 2 } : { x: x / sum, y: y / sum };
}

/**
 * Draws strokes, given in any units with `extent` the side of the pad, as the network wants to see them.
 * @returns grey bytes [28][28], ink 255 on 0; undefined when there is no stroke.
 */
export function rasteriseDigit(strokes: readonly Stroke[], extent: number): Uint8Array | undefined {
  const points = strokes.flat();
  if (points.length === 0) return undefined;
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  // The pen's own width counts: the ink, not its centre line, fills the box.
  const scale = (BOX - 2 * PEN_RADIUS) / Math.max(right - left, bottom - top, extent * MIN_EXTENT);
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 };
  const place = (shift: Point) =>
    strokes.map((stroke) =>
      smoothStroke(stroke).map(({ x, y }) => ({
        x: (x - middle.x) * scale + DIGIT_SIZE / 2 + shift.x,
        y: (y - middle.y) * scale + DIGIT_SIZE / 2 + shift.y,
      })),
    );
  const mass = centreOfMass(draw(place({ x: 0, y: 0 })), DIGIT_SIZE);
  return draw(place({ x: DIGIT_SIZE / 2 - mass.x, y: DIGIT_SIZE / 2 - mass.y }));
}

/** Mean grey of the image's outermost pixels: what the writing is on. */
function borderLevel(grey: Uint8Array, width: number, height: number): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < grey.length; at++) {
    const x = at % width;
    const y = (at - x) / width;
    if (x > 0 && x < width - 1 && y > 0 && y < height - 1) continue;
    sum += grey[at]!;
    count++;
  }
  return sum / count;
}

/** Ink 0..255 [height][width] from a photograph or scan: distance from the paper's level, with uneven light cut off. */
function findInk(grey: Uint8Array, width: number, height: number): Uint8Array | undefined {
  const paper = borderLevel(grey, width, height);
  let darkest = 0;
  let lightest = 0;
  for (const value of grey) {
    darkest = Math.max(darkest, paper - value);
    lightest = Math.max(lightest, value - paper);
  }
  const contrast = Math.max(darkest, lightest);
  if (contrast < MIN_CONTRAST) return undefined;
  const sign = darkest >= lightest ? -1 : 1;
  // Below two fifths of the contrast it is shadow or paper grain; full ink from four fifths on.
  return Uint8Array.from(grey, (value) =>
    Math.round(255 * Math.max(0, Math.min(1, ((sign * (value - paper)) / contrast - 0.4) / 0.4))),
  );
}

/**
 * The same normalization for an image of handwriting, dark on light or light on dark.
 * @param grey bytes [height][width].
 * @returns grey bytes [28][28], ink 255 on 0; undefined when the image is blank.
 */
export function normalizeDigit(grey: Uint8Array, width: number, height: number): Uint8Array | undefined {
  const ink = findInk(grey, width, height);
  if (!ink) return undefined;
  let [left, right, top, bottom] = [width, -1, height, -1];
  ink.forEach((value, at) => {
    if (value < 64) return;
    const x = at % width;
    const y = (at - x) / width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  });
  if (right < 0) return undefined;
  const step = Math.max(right - left + 1, bottom - top + 1) / BOX;
  const middle = { x: (left + right + 1) / 2, y: (top + bottom + 1) / 2 };
  const centred = areaAverage(ink, width, height, step, middle);
  const mass = centreOfMass(centred, DIGIT_SIZE);
  const shifted = { x: middle.x + (mass.x - DIGIT_SIZE / 2) * step, y: middle.y + (mass.y - DIGIT_SIZE / 2) * step };
  return areaAverage(ink, width, height, step, shifted);
}

/** 28×28 pixels of side `step` around `middle`, each the mean of a grid of samples at most one source pixel apart. */
function areaAverage(ink: Uint8Array, width: number, height: number, step: number, middle: Point): Uint8Array {
  const samples = Math.max(2, Math.ceil(step));
  const result = new Uint8Array(DIGIT_SIZE * DIGIT_SIZE);
  for (let at = 0; at < result.length; at++) {
    const column = at % DIGIT_SIZE;
    const row = (at - column) / DIGIT_SIZE;
    let sum = 0;
    for (let k = 0; k < samples * samples; k++) {
      const fx = ((k % samples) + 0.5) / samples;
      const fy = (Math.floor(k / samples) + 0.5) / samples;
      const x = Math.floor(middle.x + (column + fx - DIGIT_SIZE / 2) * step);
      const y = Math.floor(middle.y + (row + fy - DIGIT_SIZE / 2) * step);
      if (x >= 0 && x < width && y >= 0 && y < height) sum += ink[y * width + x]!;
    }
    result[at] = Math.round(sum / (samples * samples));
  }
  return result;
}
