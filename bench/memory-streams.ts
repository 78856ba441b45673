/**
 * How fast one thread reads memory in one, two, four and eight sequential streams: `npx tsx bench/memory-streams.ts [megabytes]`.
 * The layout of the shuffle's tables follows from it (docs/decisions/012-tables-are-read-as-four-streams.md).
 */
import asc from 'assemblyscript/asc';

const PASSES = 25;
const WARM_UP = 20_000;
const PAGE = 65536;

/** Adds up `bytes` bytes from `at` on, each of `streams` equal parts as a stream, one cache line of each in turn. */
const SOURCE = `
export function read(at: usize, bytes: usize, streams: usize): i32 {
  let a = i32x4.splat(0), b = a, c = a, d = a;
  const part = bytes / streams;
  for (const end = at + part; at < end; at += 64) {
    let line = at;
    for (let stream: usize = 0; stream < streams; stream++) {
      a = i32x4.add(a, v128.load(line));
      b = i32x4.add(b, v128.load(line, 16));
      c = i32x4.add(c, v128.load(line, 32));
      d = i32x4.add(d, v128.load(line, 48));
      line += part;
    }
  }
  return i32x4.extract_lane(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)), 0);
}`;

const { error, binary, stderr } = await asc.compileString(SOURCE, {
  optimizeLevel: 3,
  runtime: 'stub',
  importMemory: true,
  enable: ['simd'],
});
if (error || !binary) throw error ?? new Error(stderr.toString());
const megabytes = Number(process.argv[2] ?? 24);
const bytes = megabytes * 2 ** 20;
const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) + 1 });
new Uint8Array(memory.buffer).fill(1);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary.slice()), { env: { memory } });
const read = exports.read as (at: number, bytes: number, streams: number) => number;
// Until the optimizing compiler has it.
for (let run = 0; run < WARM_UP; run++) read(PAGE, PAGE, 4);
const samples = new Map<number, number[]>([1, 2, 4, 8].map((streams) => [streams, []]));
for (let pass = 0; pass < PASSES; pass++) {
  for (const [streams, times] of samples) {
    const start = performance.now();
    read(PAGE, bytes, streams);
    times.push(performance.now() - start);
  }
}
for (const [streams, times] of samples) {
  times.sort((a, b) => a - b);
  const rate = (milliseconds: number) => (bytes / milliseconds / 1e6).toFixed(1);
  console.log(
    `${streams} of ${megabytes} MB: ${rate(times[0]!)} GB/s at best, ${rate(times[PASSES >> 1]!)} in the median`,
  );
}
