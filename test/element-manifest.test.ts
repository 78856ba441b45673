import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClassifierAttributes } from '../src/element/attributes.js';

interface Declaration {
  readonly tagName?: string;
  readonly attributes?: readonly { readonly name: string }[];
  readonly events?: readonly { readonly name: string }[];
  readonly members?: readonly { readonly name: string }[];
}
interface Manifest {
  readonly modules: readonly { readonly declarations: readonly Declaration[] }[];
}

const CLI = 'node_modules/@custom-elements-manifest/analyzer/cem.js';
const read = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8'));
const manifest = read('custom-elements.json');

describe('custom-elements.json', () => {
  it('is what `npm run manifest` makes of the sources', () => {
    const folder = mkdtempSync('test-results/manifest-');
    try {
      const config = ['--config', 'custom-elements-manifest.config.mjs', '--outdir', relative('.', folder)];
      execFileSync(process.execPath, [CLI, 'analyze', ...config], { stdio: 'pipe' });
      expect(manifest).toEqual(read(`${folder}/custom-elements.json`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names every attribute, event and method of the element', () => {
    const element = manifest.modules
      .flatMap(({ declarations }) => declarations)
      .find(({ tagName }) => tagName === 'lutra-classifier');
    const names = (list: readonly { readonly name: string }[] = []): string[] => list.map(({ name }) => name);
    expect(names(element?.attributes).sort()).toEqual([...ClassifierAttributes.observedAttributes].sort());
    expect(names(element?.events)).toEqual(['progress', 'result', 'error']);
    const api = ['load', 'classify', 'start', 'stop', 'abort', 'release', 'options', 'result', 'src', 'top', 'task'];
    expect(names(element?.members)).toEqual(expect.arrayContaining(api));
    expect(names(element?.members).filter((name) => name.startsWith('#'))).toEqual([]);
  });
});
