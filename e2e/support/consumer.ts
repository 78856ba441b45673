import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { drawDigit } from './digit-image.js';

/** The parts of a package's manifest that decide what installing it does. */
export interface PackageFacts {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Packs the library as it would be published. Returns the path of the tarball. */
export function packLibrary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lutra-pack-'));
  // The library is built already: as the stage before this one, or by hand.
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const name = execFileSync('npm', args, { encoding: 'utf8' }).trim().split('\n').at(-1)!;
  return join(folder, name);
}

/**
 * A project outside this repository with the tarball installed: unpacked, with the dependencies that it declares and no others. Tools
 * are links to this repository's own, so that nothing is downloaded.
 */
export async function createConsumer(kind: string, tarball: string, tools: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `lutra-${kind}-`));
  cpSync(join('e2e/consumers', kind), folder, { recursive: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'lutra'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'lutra')]);
  for (const name of Object.keys(readFacts(folder).dependencies)) {
    cpSync(join('node_modules', name), join(modules, name), { recursive: true });
  }
  for (const name of tools) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(modules, name));
  }
  const assets = join(folder, 'public');
  mkdirSync(assets);
  cpSync('public/models/digits.lut.onnx', join(assets, 'digits.lut.onnx'));
  writeFileSync(join(assets, '3.png'), await drawDigit('3'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: kind, private: true, type: 'module' }));
  return folder;
}

/** The installed library's manifest. */
export function readFacts(folder: string): PackageFacts {
  return JSON.parse(readFileSync(join(folder, 'node_modules/lutra/package.json'), 'utf8'));
}
