/** Times networks in a real browser, beside other engines: `npm run bench -- --suite seed --browser chromium --json FILE`. */
import { join, relative } from 'node:path';
import { build } from 'vite';
import { readArguments, USAGE } from './suite/arguments.js';
import { openBrowser } from './suite/browsers.js';
import { Collector } from './suite/collect.js';
import { MODEL_FOLDER, networkFiles } from './suite/models.js';
import { printNetwork } from './suite/print.js';
import { recordResults, writeResults } from './suite/record.js';
import { BenchServer } from './suite/server.js';
import { suiteNetworks } from './suite/suites.js';
import { runTrained, TRAINED } from './trained/run.js';

const SITE = join(process.cwd(), 'build/bench/site');

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  const ids = options.suite === TRAINED ? [] : suiteNetworks(options);
  await build({ configFile: 'bench/page/vite.config.ts' });
  const server = await BenchServer.start(SITE, MODEL_FOLDER);
  const tab = await openBrowser(options.browser, options.threads);
  try {
    if (options.suite === TRAINED) return await runTrained(tab, server, options);
    const collector = await Collector.start(tab, server, options);
    for (const id of ids) {
      const files = await networkFiles(id, (title) => process.stderr.write(`Building ${title} …\n`));
      printNetwork(await collector.measure(files), files);
      // After every network, so that results of a long suite are kept when it is stopped.
      if (options.json) writeResults(options.json, collector.results());
      if (options.record) console.log(`Recorded in ${relative('', recordResults(options, collector.results()))}`);
    }
    const { failures } = collector.results();
    if (failures.length > 0) {
      console.error(`\nNot measured:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
      process.exitCode = 1;
    }
  } finally {
    await tab.close();
    server.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error && error.message.startsWith('--') ? `${error.message}\n${USAGE}` : error);
  process.exitCode = 2;
});
