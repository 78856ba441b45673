// Sums over table rows. Row numbers say which row every slot (codebook and tap) contributes to every sample:
//
//   rows    u32 [N, E]        slot e of sample n reads row e·K + code, or row D: outside the image
//   table   f32 [D + 1, O]    row D holds zeros; O is a multiple of 4
//   values  f32 [N, O]
//
// Four outputs are in the lanes of a vector; eight vectors (32 outputs) are kept in registers over all slots.

const LANES: usize = 16;

// @ts-ignore: decorator
@inline
function accumulate8(rows: usize, slots: i32, table: usize, stride: usize, out: usize, sign: v128): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (let e = 0; e < slots; e++) {
    const row = table + <usize>load<u32>(rows + ((<usize>e) << 2)) * stride;
    s0 = f32x4.add(s0, v128.load(row));
    s1 = f32x4.add(s1, v128.load(row, 16));
    s2 = f32x4.add(s2, v128.load(row, 32));
    s3 = f32x4.add(s3, v128.load(row, 48));
    s4 = f32x4.add(s4, v128.load(row, 64));
    s5 = f32x4.add(s5, v128.load(row, 80));
    s6 = f32x4.add(s6, v128.load(row, 96));
    s7 = f32x4.add(s7, v128.load(row, 112));
  }
  v128.store(out, f32x4.add(v128.load(out), f32x4.mul(sign, s0)));
  v128.store(out, f32x4.add(v128.load(out, 16), f32x4.mul(sign, s1)), 16);
  v128.store(out, f32x4.add(v128.load(out, 32), f32x4.mul(sign, s2)), 32);
  v128.store(out, f32x4.add(v128.load(out, 48), f32x4.mul(sign, s3)), 48);
  v128.store(out, f32x4.add(v128.load(out, 64), f32x4.mul(sign, s4)), 64);
  v128.store(out, f32x4.add(v128.load(out, 80), f32x4.mul(sign, s5)), 80);
  v128.store(out, f32x4.add(v128.load(out, 96), f32x4.mul(sign, s6)), 96);
  v128.store(out, f32x4.add(v128.load(out, 112), f32x4.mul(sign, s7)), 112);
}

/** `values[n, :] += sign · Σ_e table[rows[n, e], :]` for `samples` samples. */
export function addRows(
  rows: usize,
  slots: i32,
  table: usize,
  outputs: i32,
  values: usize,
  sign: f32,
  samples: i32,
): void {
  const stride = (<usize>outputs) << 2;
  const factor = f32x4.splat(sign);
  for (let n = 0; n < samples; n++) {
    const from = rows + (<usize>n * <usize>slots << 2);
    const to = values + <usize>n * stride;
    let at: usize = 0;
    for (; at + 128 <= stride; at += 128) accumulate8(from, slots, table + at, stride, to + at, factor);
    for (; at < stride; at += LANES) {
      let sum = f32x4.splat(0);
      for (let e = 0; e < slots; e++) {
        sum = f32x4.add(sum, v128.load(table + at + <usize>load<u32>(from + ((<usize>e) << 2)) * stride));
      }
      v128.store(to + at, f32x4.add(v128.load(to + at), f32x4.mul(factor, sum)));
    }
  }
}

/** `sums[rows[n, e], :] += values[n, :]` for `samples` samples and every slot; row D collects what nobody reads. */
export function scatterRows(
  rows: usize,
  slots: i32,
  values: usize,
  outputs: i32,
  sums: usize,
  samples: i32,
): void {
  const stride = (<usize>outputs) << 2;
  const step = (<usize>slots) << 2;
  for (let e = 0; e < slots; e++) {
    let index = rows + ((<usize>e) << 2);
    let from = values;
    for (let n = 0; n < samples; n++, index += step) {
      const to = sums + <usize>load<u32>(index) * stride;
      for (let at: usize = 0; at < stride; at += LANES, from += LANES) {
        v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from)));
      }
    }
  }
}

/**
 * How often the rows of slots e and f are read together, f = 0 .. e, added to both halves of `counts` f32 [D, D].
 *
 *   codes    u8 [E, N]            code, or K: outside the image
 *   scratch  u32 [2, K + 1, K + 1] two histograms, so that equal pairs in a row do not wait for each other
 */
export function countPairs(codes: usize, samples: i32, e: i32, K: i32, counts: usize, size: i32, scratch: usize): void {
  const columns = <usize>(K + 1);
  const cells = columns * columns;
  const second = scratch + (cells << 2);
  const own = codes + <usize>e * <usize>samples;
  for (let f = 0; f <= e; f++) {
    const other = codes + <usize>f * <usize>samples;
    memory.fill(scratch, 0, cells << 3);
    let n: usize = 0;
    for (; n + 2 <= <usize>samples; n += 2) {
      const a = scratch + ((<usize>load<u8>(own + n) * columns + <usize>load<u8>(other + n)) << 2);
      store<u32>(a, load<u32>(a) + 1);
      const b = second + ((<usize>load<u8>(own + n, 1) * columns + <usize>load<u8>(other + n, 1)) << 2);
      store<u32>(b, load<u32>(b) + 1);
    }
    if (n < <usize>samples) {
      const a = scratch + ((<usize>load<u8>(own + n) * columns + <usize>load<u8>(other + n)) << 2);
      store<u32>(a, load<u32>(a) + 1);
    }
    for (let i = 0; i < K; i++) {
      for (let j = 0; j < K; j++) {
        const at = (<usize>i * columns + <usize>j) << 2;
        const count = <f32>(load<u32>(scratch + at) + load<u32>(second + at));
        const row = <usize>(e * K + i);
        const column = <usize>(f * K + j);
        store<f32>(counts + ((row * <usize>size + column) << 2), count);
        store<f32>(counts + ((column * <usize>size + row) << 2), count);
      }
    }
  }
}

/**
 * One step of back-fitting: fits the rows of one slot to the residual by division by counts, and takes them out of it.
 *
 *   codes   u8 [N] of the slot   table  f32 [K, O] of the slot   scratch  f32 [K + 1, O], then u32 [K + 1]
 */
export function backfitSlot(
  codes: usize,
  samples: i32,
  K: i32,
  table: usize,
  outputs: i32,
  residual: usize,
  ridge: f32,
  scratch: usize,
): void {
  const stride = (<usize>outputs) << 2;
  const counts = scratch + <usize>(K + 1) * stride;
  memory.fill(scratch, 0, <usize>(K + 1) * (stride + 4));
  let from = residual;
  for (let n: usize = 0; n < <usize>samples; n++) {
    const code = <usize>load<u8>(codes + n);
    store<u32>(counts + (code << 2), load<u32>(counts + (code << 2)) + 1);
    const to = scratch + code * stride;
    for (let at: usize = 0; at < stride; at += LANES, from += LANES) {
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from)));
    }
  }
  const pull = f32x4.splat(ridge);
  for (let k: usize = 0; k < <usize>K; k++) {
    const inverse = f32x4.splat(<f32>1 / (<f32>load<u32>(counts + (k << 2)) + ridge));
    const row = k * stride;
    for (let at: usize = 0; at < stride; at += LANES) {
      // The ridge pulls towards the prior, where the table started: at zero change.
      const now = v128.load(table + row + at);
      const step = f32x4.mul(f32x4.sub(v128.load(scratch + row + at), f32x4.mul(pull, now)), inverse);
      v128.store(table + row + at, f32x4.add(now, step));
      v128.store(scratch + row + at, step);
    }
  }
  memory.fill(scratch + <usize>K * stride, 0, stride);
  let to = residual;
  for (let n: usize = 0; n < <usize>samples; n++) {
    const step = scratch + <usize>load<u8>(codes + n) * stride;
    for (let at: usize = 0; at < stride; at += LANES, to += LANES) {
      v128.store(to, f32x4.sub(v128.load(to), v128.load(step + at)));
    }
  }
}
