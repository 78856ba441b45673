import type { AudioPreprocess } from '../../src/graph/metadata.js';
import { byId } from '../shared/dom.js';
import type { Frames } from './protocol.js';
import { Timeline } from './timeline.js';

/** Seconds in sight. */
export const SECONDS = 4;
/** dB between the darkest and the brightest colour. */
const RANGE = 65;
/** dB by which the level of the brightest color falls per frame. So a bang is forgotten after some seconds. */
const FORGET = 0.05;
/** Least dB of the brightest color, so that a quiet room shows no noise. */
const QUIET = -45;
/** Milliseconds between the drawings where less motion is wanted. */
const CALM = 500;
const DB = 10 / Math.LN10;

/** 256 colours from the darkest to the brightest, as [r, g, b] · 256, from three colours of the page. */
function colourScale(colours: readonly string[]): Uint8ClampedArray {
  const canvas = document.createElement('canvas');
  canvas.width = 256;
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const gradient = context.createLinearGradient(0, 0, 256, 0);
  colours.forEach((colour, i) => {
    gradient.addColorStop(i / (colours.length - 1), colour);
  });
  context.fillStyle = gradient;
  context.fillRect(0, 0, 256, 1);
  return context.getImageData(0, 0, 256, 1).data;
}

/** Fits a canvas to its place on the screen. */
function matchScreen(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } {
  const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  const height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return { context: canvas.getContext('2d')!, width, height };
}

/** Waveform and log-mel spectrogram of the last seconds. */
export function createSoundView() {
  const wave = byId<HTMLCanvasElement>('wave');
  const spectrogram = byId<HTMLCanvasElement>('spectrogram');
  const words = byId('sound-words');
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  let timeline = new Timeline(1, 1);
  let spec: AudioPreprocess | undefined;
  let marks: { readonly label: string; readonly frame: number }[] = [];
  let brightest = QUIET;
  let wanted = false;
  let lastDrawn = 0;
  let scale: Uint8ClampedArray | undefined;
  const drawing = document.createElement('canvas');

  function drawWave(): void {
    const { context, width, height } = matchScreen(wave);
    const style = getComputedStyle(wave);
    context.clearRect(0, 0, width, height);
    context.fillStyle = style.getPropertyValue('--chalk');
    const step = width / timeline.capacity;
    for (let frame = timeline.first; frame < timeline.count; frame++) {
      const at = 2 * (frame % timeline.capacity);
      const x = (timeline.capacity - (timeline.count - frame)) * step;
      const high = Math.min(1, timeline.extremes[at + 1]!);
      const low = Math.max(-1, timeline.extremes[at]!);
      const y = (0.5 - high / 2) * height;
      context.fillRect(x, y, Math.max(1, step * 0.7), Math.max(devicePixelRatio, ((high - low) / 2) * height));
    }
  }

  function drawSpectrogram(): void {
    const { context, width, height } = matchScreen(spectrogram);
    const { capacity, mels } = timeline;
    scale ??= colourScale(['#0b1210', '#12594d', '#57c9b0', '#f4f6f2']);
    if (drawing.width !== capacity || drawing.height !== mels) {
      drawing.width = capacity;
      drawing.height = mels;
    }
    const pixels = new ImageData(capacity, mels);
    for (let x = 0; x < capacity; x++) {
      const frame = timeline.count - capacity + x;
      for (let mel = 0; mel < mels; mel++) {
        const level = frame < 0 ? -Infinity : timeline.rows[(frame % capacity) * mels + mel]! * DB;
        const shade = Math.max(0, Math.min(255, Math.round(255 * (1 + (level - brightest) / RANGE))));
        const to = 4 * ((mels - 1 - mel) * capacity + x);
        pixels.data.set(scale.subarray(4 * shade, 4 * shade + 4), to);
      }
    }
    drawing.getContext('2d')!.putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = true;
    context.drawImage(drawing, 0, 0, width, height);
    drawMarks(context, width);
  }

  function drawMarks(context: CanvasRenderingContext2D, width: number): void {
    const { capacity, count } = timeline;
    marks = marks.filter(({ frame }) => frame > count - capacity);
    const size = 14 * devicePixelRatio;
    context.font = `600 ${size}px ${getComputedStyle(spectrogram).fontFamily}`;
    context.textBaseline = 'top';
    for (const { label, frame } of marks) {
      const x = ((capacity - (count - frame)) * width) / capacity;
      const textWidth = context.measureText(label).width;
      const left = Math.max(4, Math.min(width - textWidth - size, x - textWidth - size / 2));
      context.fillStyle = '#0b1210d9';
      context.fillRect(left - size / 3, size / 3, textWidth + (2 * size) / 3, size * 1.4);
      context.fillStyle = '#f4f6f2';
      context.fillText(label, left, size / 2);
      context.fillRect(x, 0, devicePixelRatio, spectrogram.height);
    }
  }

  /** What wave and spectrogram show, in words, for those who do not see them. */
  function tell(): void {
    const { count, first, levels, capacity } = timeline;
    if (count === 0 || !spec) {
      words.textContent = 'Nothing heard yet.';
      return;
    }
    let peak = Number.NEGATIVE_INFINITY;
    for (let frame = first; frame < count; frame++) peak = Math.max(peak, levels[frame % capacity]!);
    const seconds = ((count - first) * spec.hop) / spec.sampleRate;
    const loudness = peak < -70 ? 'silence' : `loudest at ${Math.round(peak)} dB`;
    const heard = marks.length > 0 ? `; heard ${marks.map(({ label }) => label).join(', ')}` : '';
    words.textContent = `The last ${seconds.toFixed(1)} s: ${loudness}${heard}.`;
  }

  function draw(): void {
    if (wanted) return;
    wanted = true;
    requestAnimationFrame((time) => {
      wanted = false;
      const enough = time - lastDrawn >= CALM;
      if (calm.matches && !enough) {
        setTimeout(draw, CALM - (time - lastDrawn));
        return;
      }
      if (enough || lastDrawn === 0) tell();
      if (enough) lastDrawn = time;
      drawWave();
      drawSpectrogram();
    });
  }

  new ResizeObserver(draw).observe(spectrogram);
  return {
    /** For another front-end. */
    reset(next: AudioPreprocess) {
      spec = next;
      timeline = new Timeline(Math.round((SECONDS * next.sampleRate) / next.hop), next.mels);
      this.clear();
    },
    clear() {
      timeline.clear();
      marks = [];
      brightest = QUIET;
      lastDrawn = 0;
      draw();
    },
    add(frames: Frames) {
      timeline.add(frames);
      for (const value of frames.rows) brightest = Math.max(brightest, value * DB);
      brightest = Math.max(QUIET, brightest - FORGET * frames.count);
      draw();
    },
    /** Marks a word that was heard up to this many milliseconds. */
    mark(label: string, time: number) {
      if (!spec) return;
      const frame = Math.round(((time / 1000) * spec.sampleRate - spec.window) / spec.hop);
      marks.push({ label, frame });
      draw();
      tell();
    },
  };
}
