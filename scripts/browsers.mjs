/**
 * Finds the browsers that tests drive: one already installed, else Playwright's own, else (as root) the system's package.
 * `node scripts/browsers.mjs` makes sure of Chromium and says what there is.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from '@playwright/test';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const CHROMIUM_ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];
const FIREFOX = ['firefox-esr', 'firefox'];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** First of the programs that PATH knows. */
function which(names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Path of an installed Chromium or Chrome, or of the one that Playwright has downloaded; undefined when there is none. */
export function findChromium() {
  const own = chromium.executablePath();
  return which(CHROMIUM) ?? CHROMIUM_ELSEWHERE.find(isExecutable) ?? (existsSync(own) ? own : undefined);
}

/** Path of an installed Firefox, or undefined: its tests are then left out. */
export function findFirefox() {
  return which(FIREFOX);
}

function run(command, args) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: environment }).status === 0;
}

/**
 * Path of a Chromium, installing one if need be.
 * @throws {Error} saying what was tried and what to do.
 */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  process.stderr.write('No Chromium found: installing one for the tests.\n');
  run(process.execPath, ['node_modules/@playwright/test/cli.js', 'install', 'chromium']);
  if (!findChromium() && process.getuid?.() === 0 && which(['apt-get'])) {
    run('apt-get', ['update', '-q']);
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium']);
  }
  const installed = findChromium();
  if (installed) return installed;
  throw new Error(
    'No browser for the tests: neither Playwright nor apt-get could install Chromium. ' +
      'Install Chromium or Chrome so that `chromium` or `google-chrome` is on the PATH, then run again.',
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(`Chromium: ${ensureChromium()}`);
  console.log(`Firefox: ${findFirefox() ?? 'not installed, its tests are left out'}`);
}
