import { expect, it } from 'vitest';
import { checkOptions } from '../../src/convert/option-schema.js';
import { formFields, readFields } from './options.js';

const chosen = (changes: Readonly<Record<string, string>> = {}) =>
  readFields((name) => changes[name] ?? formFields().find((field) => field.name === name)!.chosen);

it('asks for every option with a label, help and a choice that is there', () => {
  expect(formFields().map(({ label }) => label)).toEqual([
    'Aim',
    'Codebooks of convolutions',
    'Centroids',
    'Size of the file',
    'Accuracy to give up',
    'Speed',
    'Examples to learn from',
  ]);
  for (const { choices, chosen, help } of formFields()) {
    expect(choices.map(([value]) => value)).toContain(chosen);
    expect(help).toMatch(/^[A-Z].*[^.]$/);
    for (const [, text] of choices) expect(text).toMatch(/^[A-Z\d]|^at most|^up to/);
  }
});

it('leaves the choice to the converter at first', () => {
  expect(chosen()).toEqual({ samples: 300, options: { optimize: 'balanced', geometry: {} } });
});

it('gives options that a conversion takes, whatever is chosen', () => {
  for (const { name, choices } of formFields()) {
    for (const [value] of choices) checkOptions(chosen({ [name]: value }).options);
  }
  const { options, samples } = chosen({ geometry: 'pixel', centroids: '16', maxBytes: '500000', samples: '1000' });
  expect(options).toMatchObject({
    geometry: { conv: { kind: 'pixel', channels: 4 } },
    centroids: 16,
    maxBytes: 500_000,
  });
  expect(samples).toBe(1000);
});
