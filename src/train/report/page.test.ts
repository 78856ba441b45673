import { describe, expect, it } from 'vitest';
import { chart, niceTicks } from './chart.js';
import { reportPage } from './page.js';

const record = (step: number) => ({
  step,
  epoch: step / 10,
  seconds: step,
  learningRate: 0.1,
  loss: 3 - step / 10,
  metrics: { accuracy: step / 100 },
  samplesPerSecond: 123.4,
  ...(step % 20 === 0 ? { validation: 0.5 } : {}),
  temperatures: { conv1: 1 + step },
});

describe('niceTicks', () => {
  it('covers the range in even steps', () => {
    expect(niceTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(-3, 47)).toEqual([0, 10, 20, 30, 40]);
    expect(niceTicks(5, 5)).toEqual([5]);
  });
});

describe('chart', () => {
  it('maps the ends of a curve to the ends of the axes and tells it in words', () => {
    const svg = chart({
      title: 'Loss',
      x: 'step',
      y: 'loss',
      series: [
        {
          name: 'a',
          points: [
            [0, 1],
            [10, 3],
          ],
        },
      ],
    });
    const [first, last] = /points="([^"]+)"/
      .exec(svg)![1]!
      .split(' ')
      .map((pair) => pair.split(',').map(Number));
    expect(first![0]).toBe(84);
    expect(last![0]).toBe(688);
    expect(first![1]!).toBeGreaterThan(last![1]!);
    expect(svg).toContain('aria-label="Loss. a: 1 to 3"');
  });

  it('draws nothing without points', () => {
    expect(chart({ title: 't', x: 'x', y: 'y', series: [{ name: 'a', points: [] }] })).toBe('');
  });
});

describe('reportPage', () => {
  const page = reportPage({
    title: 'A <model>',
    facts: [['command', 'lutra train "x" & y']],
    history: [10, 20, 30].map(record),
    layerErrors: [{ layer: 'conv1', before: 0.2, after: 0.1 }],
  });

  it('shows the validation set from before the first update on', () => {
    const history = [record(20), record(40)].map((entry) => ({
      ...entry,
      validationLoss: entry.step / 100,
      validationAgreement: 0.75,
    }));
    const start = { count: 8, correct: 2, same: 5, loss: 0.375 };
    const measured = reportPage({ title: 'x', facts: [], history, start });
    expect(measured).toContain('validation: 0.375 to 0.4');
    expect(measured).toContain('validation: 0.25 to 0.5');
    expect(measured).toContain('same answer as the dense network, validation: 0.625 to 0.75');
    expect(measured).toContain('<th>same answer</th><th>validation loss</th>');
    expect(measured).toContain('<td>0.75</td><td>0.2</td>');
    expect(page).not.toContain('validation loss');
  });

  it('shows every curve and its numbers as text, with nothing from elsewhere', () => {
    for (const title of ['Loss', 'Accuracy', 'Learning rate', 'Temperature']) {
      expect(page).toContain(`<figcaption>${title}`);
    }
    expect(page).toContain('<td>conv1</td><td>0.2</td><td>0.1</td>');
    expect(page).toContain('c0" style="width:100.0%');
    expect(page).toContain('c1" style="width:50.0%');
    expect(page.match(/<tr>/g)!.length).toBe(1 + 3 + 1 + 1);
    expect(page).toContain('A &lt;model&gt;');
    expect(page).toContain('&quot;x&quot; &amp; y');
    expect(page).not.toMatch(/<script|https?:|src=/);
  });
});
