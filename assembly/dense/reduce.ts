import * as field from '../gen/layout';

// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

/** Mean of each row of `inner` contiguous values. A tile is one row. */
export function reduceMean(p: usize, begin: i32, end: i32, thread: i32): void {
  const inner = load<i32>(p, field.REDUCE_MEAN_INNER);
  for (let row = begin; row < end; row++) {
    let from = load<usize>(p, field.REDUCE_MEAN_INPUT) + <usize>row * ((<usize>inner) << 2);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let i = inner;
    for (; i >= 8; i -= 8) {
      s0 = f32x4.add(s0, v128.load(from));
      s1 = f32x4.add(s1, v128.load(from, 16));
      from += 32;
    }
    let sum = sumLanes(f32x4.add(s0, s1));
    for (; i > 0; i--) {
      sum += load<f32>(from);
      from += 4;
    }
    store<f32>(load<usize>(p, field.REDUCE_MEAN_OUTPUT) + ((<usize>row) << 2), sum / <f32>inner);
  }
}
