import { type BrowserContext, expect, type Locator, type Page } from '@playwright/test';

type Polyline = readonly (readonly [x: number, y: number])[];

/** Digits as a hand writes them, in hundredths of the pad's side: other strokes than the page's own examples. */
export const HANDWRITING: Readonly<Record<string, readonly Polyline[]>> = {
  0: [
    [
      [52, 18],
      [38, 22],
      [29, 38],
      [28, 58],
      [36, 76],
      [50, 82],
      [64, 74],
      [71, 57],
      [69, 36],
      [62, 22],
      [52, 18],
    ],
  ],
  1: [
    [
      [54, 15],
      [52, 35],
      [50, 60],
      [48, 85],
    ],
  ],
  2: [
    [
      [28, 34],
      [36, 20],
      [54, 16],
      [66, 26],
      [64, 42],
      [50, 60],
      [30, 80],
      [46, 78],
      [74, 80],
    ],
  ],
  3: [
    [
      [32, 20],
      [50, 14],
      [66, 22],
      [64, 36],
      [46, 46],
      [64, 54],
      [70, 68],
      [58, 82],
      [30, 80],
    ],
  ],
  4: [
    [
      [36, 14],
      [30, 34],
      [26, 50],
      [48, 50],
      [72, 48],
    ],
    [
      [62, 26],
      [60, 52],
      [58, 86],
    ],
  ],
  5: [
    [
      [68, 16],
      [38, 18],
      [34, 44],
      [54, 42],
      [68, 54],
      [66, 74],
      [50, 84],
      [28, 78],
    ],
  ],
  6: [
    [
      [62, 14],
      [44, 28],
      [34, 50],
      [32, 70],
      [44, 84],
      [60, 80],
      [66, 66],
      [56, 54],
      [42, 58],
      [34, 68],
    ],
  ],
  7: [
    [
      [26, 20],
      [50, 20],
      [72, 18],
      [62, 40],
      [52, 62],
      [46, 86],
    ],
  ],
};

/** Lets nothing pass unnoticed: returns what the page complained about so far. */
export function watchForErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // A site without samples answers 404 for their list; the page is made for that.
    if (message.type() === 'error' && !message.location().url.includes('/samples/')) errors.push(message.text());
  });
  return errors;
}

/** Makes the site one without samples, whatever this checkout holds. */
export async function withoutSamples(context: BrowserContext): Promise<void> {
  await context.route('**/samples/**', (route) => route.fulfill({ status: 404, body: '' }));
}

export const winner = (page: Page): Locator => page.locator('#winner');

/** Waits for the page's own first answer. */
export async function firstAnswer(page: Page): Promise<void> {
  await expect(winner(page)).toBeVisible();
}

/** Waits until both networks were timed. */
export async function measured(page: Page): Promise<void> {
  await expect(page.locator('#speedup')).toBeVisible({ timeout: 40_000 });
}

/** Writes a digit on the cleared pad with the mouse. */
export async function writeDigit(page: Page, digit: string): Promise<void> {
  // The example that a fresh page writes has to be finished first.
  await expect(page.locator('#announcement')).not.toBeEmpty();
  await page.locator('#pad-clear').click();
  const board = page.locator('#board');
  await board.scrollIntoViewIfNeeded();
  const box = (await board.boundingBox())!;
  const at = ([x, y]: readonly [number, number]) =>
    [box.x + (x / 100) * box.width, box.y + (y / 100) * box.height] as const;
  for (const stroke of HANDWRITING[digit]!) {
    await page.mouse.move(...at(stroke[0]!));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point), { steps: 4 });
    await page.mouse.up();
  }
}

/** A PNG of a digit in dark ink on light, slightly uneven paper: what a phone's camera would see. */
export async function photographDigit(digit: string): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const lines = HANDWRITING[digit]!.map(
    (stroke) => `<polyline points="${stroke.map(([x, y]) => `${x * 3 + 90},${y * 3 + 40}`).join(' ')}"/>`,
  );
  const image = `<svg xmlns="http://www.w3.org/2000/svg" width="520" height="400">
    <linearGradient id="light"><stop stop-color="#e9e6dc"/><stop offset="1" stop-color="#cfccc2"/></linearGradient>
    <rect width="520" height="400" fill="url(#light)"/>
    <g fill="none" stroke="#26304a" stroke-width="17" stroke-linecap="round" stroke-linejoin="round">${lines.join('')}</g>
  </svg>`;
  return sharp(Buffer.from(image)).png().toBuffer();
}
