/**
 * Drives WebKitGTK's MiniBrowser, which Playwright cannot: its own WebDriver through selenium-webdriver, on a virtual display where
 * there is no other. {@link findWebKit} in browsers.mjs says whether there is one.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Builder, By, Capabilities } from 'selenium-webdriver';
import { findWebKit } from './browsers.mjs';

const START_MILLISECONDS = 30_000;
const POLL_MILLISECONDS = 50;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A virtual display of its own; `-displayfd` lets the server choose a number that is free. */
async function startDisplay(program, stop) {
  const server = spawn(program, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  stop.push(() => server.kill());
  const number = await new Promise((resolve, reject) => {
    let text = '';
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
    server.stdio[3].on('data', (bytes) => {
      text += bytes;
      if (text.endsWith('\n')) resolve(text.trim());
    });
  });
  return `:${number}`;
}

async function untilReady(port, driver) {
  const end = Date.now() + START_MILLISECONDS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/status`).then(
      (response) => response.json(),
      () => undefined,
    );
    if (answer?.value?.ready) return;
    if (driver.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${driver.exitCode}`);
    if (Date.now() > end) throw new Error('WebKitWebDriver does not answer');
    await pause(POLL_MILLISECONDS);
  }
}

/** See webkit.d.mts. */
export async function openWebKit({ sharedMemory = false, environment = {} } = {}) {
  const found = findWebKit();
  if (!found) throw new Error('WebKitGTK is not installed (Debian: webkit2gtk-driver and xvfb)');
  const stop = [];
  const close = () => {
    process.off('exit', close);
    for (const end of stop.splice(0).reverse()) end();
  };
  // A browser must not outlive a test run that dies.
  process.once('exit', close);
  try {
    const display = process.env.DISPLAY ?? (await startDisplay(found.displayServer, stop));
    const env = { ...process.env, DISPLAY: display, ...environment };
    // WebKitGTK hides SharedArrayBuffer even from isolated pages unless it is told not to.
    if (sharedMemory) env.JSC_useSharedArrayBuffer = '1';
    const port = await freePort();
    const server = spawn(found.driverPath, [`--port=${port}`], { env, stdio: 'ignore' });
    stop.push(() => server.kill());
    await untilReady(port, server);
    const capabilities = new Capabilities({
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': {
        binary: found.executablePath,
        args: [
          '--automation',
          '--autoplay-policy=allow',
          '--enable-media-stream=true',
          '--enable-mock-capture-devices=true',
        ],
      },
    });
    const driver = await new Builder()
      .usingServer(`http://127.0.0.1:${port}`)
      .withCapabilities(capabilities)
      .disableEnvironmentOverrides()
      .build();
    const version = (await driver.getCapabilities()).getBrowserVersion() ?? 'unknown';
    const find = async (selector) => {
      const [first, ...inner] = selector.split(' >>> ');
      let element = await driver.findElement(By.css(first));
      for (const part of inner) element = await (await element.getShadowRoot()).findElement(By.css(part));
      return element;
    };
    return {
      version,
      goto: (url) => driver.get(url),
      evaluate: (body, ...values) => driver.executeScript(body, ...values),
      async waitFor(body, milliseconds = 60_000) {
        const end = Date.now() + milliseconds;
        for (;;) {
          const value = await driver.executeScript(body);
          if (value) return value;
          if (Date.now() > end) throw new Error(`WebKitGTK: not within ${milliseconds} ms: ${body}`);
          await pause(POLL_MILLISECONDS);
        }
      },
      click: async (selector) => (await find(selector)).click(),
      type: async (selector, text) => (await find(selector)).sendKeys(text),
      text: async (selector) => (await find(selector)).getText(),
      screenshot: async () => Buffer.from(await driver.takeScreenshot(), 'base64'),
      async close() {
        await driver.quit().catch(() => undefined);
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
