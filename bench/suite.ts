/** Times networks in a real browser, beside other engines: `npm run bench -- --suite seed --browser chromium --json FILE`. */
import { join } from 'node:path';
import { build } from 'vite';
import { summarise } from './measure/measure.js';
import type { BenchNetwork } from './measure/network.js';
import type { MeasureReply } from './page/measure.js';
import { readArguments, USAGE } from './suite/arguments.js';
import { openBrowser } from './suite/browsers.js';
import { FOLDER } from './suite/models.js';
import { BenchServer } from './suite/server.js';

const options = readArguments(process.argv.slice(2));
await build({ configFile: 'bench/page/vite.config.ts' });
const server = await BenchServer.start(join(process.cwd(), 'build/bench/site'), FOLDER);
const tab = await openBrowser(options.browser);
const network: BenchNetwork = {
  id: 'resnet18-32',
  title: 'ResNet18 32',
  inputs: [{ name: 'image', type: 'float32', dims: [1, 3, 32, 32] }],
  models: {
    lut: server.address('models/resnet18-32.lut.onnx'),
    dense: server.address('models/resnet18-32.dense.onnx'),
  },
};
await tab.open(server.address('measure.html'));
console.log(tab.version, await tab.evaluate('bench.environment()'));
const { engines, threads, wasm, samples } = options;
await tab.evaluate(`void bench.measure(${JSON.stringify({ network, engines, threads, wasm, samples })})`);
let reply: MeasureReply | null = null;
for (;;) {
  reply = await tab.evaluate<MeasureReply | null>('bench.reply ?? null');
  if (reply) break;
  await new Promise((resolve) => setTimeout(resolve, 300));
}
await tab.close();
server.close();
if (reply.error) console.error(reply.error, USAGE.length);
for (const { measurement, p50, p90, ratio } of summarise(reply.measured ?? [], 'lutra')) {
  console.log(
    measurement.engine,
    p50.toFixed(3),
    p90.toFixed(3),
    measurement.runsPerSample,
    (measurement.memoryBytes / 1e6).toFixed(1),
    ratio,
  );
}
