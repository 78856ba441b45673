/**
 * Finds the browsers that tests drive: one already installed, else Playwright's own, else (as root) the system's package.
 * `node scripts/browsers.mjs` makes sure of them and says what there is.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, firefox } from '@playwright/test';

const PLAYWRIGHT = fileURLToPath(new URL('../node_modules/@playwright/test/cli.js', import.meta.url));
/** An unreachable download must not hold up the tests for long. */
const DOWNLOAD_MILLISECONDS = 240_000;
const APT_MILLISECONDS = 600_000;
/** Set when a browser could not be installed, so that the processes of the test runner do not try again. */
const GIVEN_UP = { firefox: 'LUTRA_NO_FIREFOX', webkit: 'LUTRA_NO_WEBKIT' };
/** WebKitGTK with its driver, and the display that it needs. */
const WEBKIT_PACKAGES = ['webkit2gtk-driver', 'xvfb'];

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

/** An installed Chromium or Chrome, or the one that Playwright has downloaded; undefined when there is none. */
export function findChromium() {
  const executablePath =
    which(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) ??
    [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      'C:/Program Files/Google/Chrome/Application/chrome.exe',
      chromium.executablePath(),
    ].find(isExecutable);
  return executablePath && { executablePath };
}

/** An installed Firefox, or the one that Playwright has downloaded; undefined when there is none. */
export function findFirefox() {
  const installed =
    which(['firefox-esr', 'firefox']) ?? ['/Applications/Firefox.app/Contents/MacOS/firefox'].find(isExecutable);
  if (installed) return { executablePath: installed, channel: 'moz-firefox' };
  const own = firefox.executablePath();
  return isExecutable(own) ? { executablePath: own } : undefined;
}

/** Folders that hold versions of WebKitGTK's own programs, newest first. */
function webKitFolders() {
  const list = (folder) => {
    try {
      return readdirSync(folder).map((name) => join(folder, name));
    } catch {
      return [];
    }
  };
  return [...list('/usr/lib'), '/usr/libexec']
    .flatMap(list)
    .filter((folder) => /\/webkit(2)?gtk-\d/.test(folder))
    .sort()
    .reverse();
}

/** WebKitGTK's MiniBrowser, its WebDriver and, where there is no display, a virtual one; undefined unless all are there. */
export function findWebKit() {
  const executablePath = webKitFolders()
    .map((folder) => join(folder, 'MiniBrowser'))
    .find(isExecutable);
  const driverPath = which(['WebKitWebDriver']);
  const displayServer = which(['Xvfb']);
  if (!executablePath || !driverPath || !(displayServer || process.env.DISPLAY)) return undefined;
  return { executablePath, driverPath, ...(displayServer ? { displayServer } : {}) };
}

function run(command, args, timeout) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Standard output belongs to the test reporter.
  spawnSync(command, args, { stdio: ['ignore', process.stderr.fd, process.stderr.fd], env, timeout });
}

function hasApt() {
  return process.getuid?.() === 0 && which(['apt-get']) !== undefined;
}

function aptInstall(packages) {
  run('apt-get', ['update', '-q'], APT_MILLISECONDS);
  run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], APT_MILLISECONDS);
}

function install(name, find, aptPackage) {
  process.stderr.write(`No ${name} found: installing one for the tests.\n`);
  const apt = hasApt();
  run(process.execPath, [PLAYWRIGHT, 'install', ...(apt ? ['--with-deps'] : []), name], DOWNLOAD_MILLISECONDS);
  if (!find() && apt) aptInstall([aptPackage]);
  return find();
}

/**
 * A Chromium, installed where needed.
 * @throws {Error} saying what was tried and what to do.
 */
export function ensureChromium() {
  const found = findChromium() ?? install('chromium', findChromium, 'chromium');
  if (found) return found;
  throw new Error(
    'No browser for the tests: neither Playwright nor apt-get could install Chromium. ' +
      'Install Chromium or Chrome so that `chromium` or `google-chrome` is on the PATH, then run again.',
  );
}

/** A Firefox, installed where needed. undefined where that is not possible. */
export function ensureFirefox() {
  const found = findFirefox();
  if (found || process.env[GIVEN_UP.firefox]) return found;
  const installed = install('firefox', findFirefox, 'firefox-esr');
  if (!installed) process.env[GIVEN_UP.firefox] = '1';
  return installed;
}

/** A WebKitGTK, installed where needed (as root, from the system's packages). undefined where that is not possible. */
export function ensureWebKit() {
  const found = findWebKit();
  if (found || process.env[GIVEN_UP.webkit]) return found;
  if (hasApt()) {
    process.stderr.write('No WebKitGTK found: installing one for the tests.\n');
    aptInstall(WEBKIT_PACKAGES);
  }
  const installed = findWebKit();
  if (!installed) process.env[GIVEN_UP.webkit] = '1';
  return installed;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(`Chromium: ${ensureChromium().executablePath}`);
  console.log(`Firefox: ${ensureFirefox()?.executablePath ?? 'not available, its tests are skipped'}`);
  console.log(`WebKitGTK: ${ensureWebKit()?.executablePath ?? 'not available, its tests are skipped'}`);
}
