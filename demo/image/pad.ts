import type { PixelImage } from '../../src/data/dataset.js';
import { html, icon } from '../shared/dom.js';
import { DIGIT_SIZE, type Point, rasteriseDigit, type Stroke, smoothStroke } from './digit.js';
import { EXAMPLES } from './examples.js';

const UNDO = 'M9 7 4 12l5 5M4 12h10a6 6 0 0 1 6 6v1';
const CLEAR = 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12';
const PEN = 'M4 20l1-5L16 4l4 4L9 19zM13.5 6.5l4 4';
/** Pen width and the keyboard's step, in shares of the pad's side. */
const PEN_WIDTH = 0.062;
const KEY_STEP = 0.04;
const EXAMPLE_MILLISECONDS = 650;

const share = (value: number) => Math.max(0, Math.min(1, value));
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/**
 * A drawing pad for one digit. Points are in shares of the pad's side, 0..1. `onDrawing` gets the normalized digit on
 * every change, undefined when the pad is empty; `settled` is true at the end of a stroke.
 */
export function createPad(onDrawing: (digit: PixelImage | undefined, settled: boolean) => void) {
  let strokes: Point[][] = [];
  let current: Point[] | undefined;
  let pen: Point = { x: 0.5, y: 0.5 };
  let penShown = false;
  let nextExample = 0;
  let animation = 0;

  const canvas = html('canvas', {
    class: 'board',
    id: 'board',
    tabindex: 0,
    role: 'img',
    'aria-label': 'Drawing pad: write one digit',
    'aria-describedby': 'pad-help',
    width: 560,
    height: 560,
  });
  const context = canvas.getContext('2d')!;
  const hint = html('p', { class: 'board-hint', 'aria-hidden': 'true' }, 'Write a digit here');
  const button = (id: string, label: string, path: string) =>
    html('button', { class: 'button', type: 'button', id }, icon(path), label);
  const undo = button('pad-undo', 'Undo', UNDO);
  const clear = button('pad-clear', 'Clear', CLEAR);
  const example = button('pad-example', 'Show an example', PEN);
  const element = html(
    'div',
    { class: 'pad' },
    html('div', { class: 'board-frame' }, canvas, hint),
    html('div', { class: 'row' }, undo, clear, example),
    html(
      'p',
      { class: 'help', id: 'pad-help' },
      'With the keyboard: arrow keys move the pen, Space puts it down and lifts it, Backspace undoes, Delete clears.',
    ),
  );

  function paint(): void {
    const side = canvas.width;
    context.clearRect(0, 0, side, side);
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.lineWidth = PEN_WIDTH * side;
    context.strokeStyle = getComputedStyle(canvas).color;
    for (const stroke of strokes) {
      const points = smoothStroke(stroke);
      context.beginPath();
      context.moveTo(points[0]!.x * side, points[0]!.y * side);
      for (const { x, y } of points) context.lineTo(x * side, y * side);
      context.stroke();
    }
    if (penShown) {
      context.beginPath();
      context.lineWidth = side * 0.008;
      context.strokeStyle = getComputedStyle(canvas).outlineColor;
      context.arc(pen.x * side, pen.y * side, PEN_WIDTH * side, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  function emit(settled: boolean): void {
    const ink = rasteriseDigit(strokes, 1);
    hint.hidden = strokes.length > 0;
    undo.disabled = clear.disabled = strokes.length === 0;
    onDrawing(ink && { width: DIGIT_SIZE, height: DIGIT_SIZE, channels: 1, pixels: ink }, settled);
  }

  function changed(settled: boolean): void {
    paint();
    emit(settled);
  }

  function stopAnimation(): void {
    if (animation) cancelAnimationFrame(animation);
    animation = 0;
  }

  function lift(): void {
    if (!current) return;
    current = undefined;
    emit(true);
  }

  function setStrokes(next: readonly Stroke[]): void {
    stopAnimation();
    current = undefined;
    strokes = next.map((stroke) => [...stroke]);
    changed(true);
  }

  function locate(event: PointerEvent): Point {
    const box = canvas.getBoundingClientRect();
    return { x: share((event.clientX - box.left) / box.width), y: share((event.clientY - box.top) / box.height) };
  }

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    stopAnimation();
    penShown = false;
    canvas.setPointerCapture(event.pointerId);
    current = [locate(event)];
    strokes.push(current);
    changed(false);
    event.preventDefault();
    canvas.focus({ preventScroll: true });
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!current || !canvas.hasPointerCapture(event.pointerId)) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const sample of coalesced.length > 0 ? coalesced : [event]) {
      const point = locate(sample);
      const last = current.at(-1)!;
      // Points closer than this only carry the hand's tremor.
      if (Math.hypot(point.x - last.x, point.y - last.y) >= 0.008) current.push(point);
    }
    changed(false);
  });
  canvas.addEventListener('pointerup', lift);
  canvas.addEventListener('pointercancel', lift);

  const moves: Record<string, readonly [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moves[event.key];
    if (move) {
      pen = { x: share(pen.x + move[0] * KEY_STEP), y: share(pen.y + move[1] * KEY_STEP) };
      penShown = true;
      current?.push(pen);
      if (current) changed(false);
      else paint();
    } else if (event.key === ' ') {
      penShown = true;
      if (current) lift();
      else {
        stopAnimation();
        current = [pen];
        strokes.push(current);
        changed(false);
      }
    } else if (event.key === 'Backspace') setStrokes(strokes.slice(0, -1));
    else if (event.key === 'Delete' || event.key === 'Escape') setStrokes([]);
    else return;
    event.preventDefault();
  });
  canvas.addEventListener('blur', () => {
    penShown = false;
    lift();
    paint();
  });
  undo.addEventListener('click', () => setStrokes(strokes.slice(0, -1)));
  clear.addEventListener('click', () => setStrokes([]));

  /** Writes the next example digit, as a person would. */
  function showExample(): void {
    const { strokes: whole } = EXAMPLES[nextExample++ % EXAMPLES.length]!;
    if (reducedMotion.matches) {
      setStrokes(whole);
      return;
    }
    setStrokes([]);
    const total = whole.reduce((sum, stroke) => sum + stroke.length, 0);
    const start = performance.now();
    const step = (now: number) => {
      const written = share((now - start) / EXAMPLE_MILLISECONDS);
      let left = Math.max(1, Math.round(written * total));
      strokes = whole.flatMap((stroke) => {
        const part = stroke.slice(0, left);
        left = Math.max(0, left - stroke.length);
        return part.length > 0 ? [[...part]] : [];
      });
      animation = written < 1 ? requestAnimationFrame(step) : 0;
      changed(written === 1);
    };
    animation = requestAnimationFrame(step);
  }
  example.addEventListener('click', showExample);

  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return {
    element,
    showExample,
    /** Repeats the current drawing to the listener. */
    refresh: () => emit(true),
    get empty() {
      return strokes.length === 0;
    },
  };
}
