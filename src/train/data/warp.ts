/** Where a point of an image comes from: x' = xx·x + xy·y + xo, y' = yx·x + yy·y + yo, in pixels. */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly xo: number;
  readonly yx: number;
  readonly yy: number;
  readonly yo: number;
}

/**
 * The map that turns an image of width × height around its middle and scales it.
 * @param angle radians
 * @param zoom above 1 enlarges
 */
export function turned(width: number, height: number, angle: number, zoom: number): Affine {
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  return { xx: cos, xy: -sin, xo: cx - cos * cx + sin * cy, yx: sin, yy: cos, yo: cy - sin * cx - cos * cy };
}

/** −i mirrored to i, and likewise at the far end: the edge pixel itself is not repeated. */
export function reflect(i: number, size: number): number {
  const inside = i < 0 ? -i : i;
  return inside < size ? inside : 2 * (size - 1) - inside;
}

/**
 * Samples one plane at the mapped points, bilinearly; beyond the edges as if mirrored there.
 * @param plane bytes [height, width], from `start` on
 * @param out [height, width] in the units of the bytes
 */
export function warpPlane(
  plane: Uint8Array,
  start: number,
  width: number,
  height: number,
  { xx, xy, xo, yx, yy, yo }: Affine,
  out: Float32Array,
): void {
  const inside = (i: number, size: number) => Math.max(0, Math.min(size - 1, reflect(i, size)));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = [xx * x + xy * y + xo, yx * x + yy * y + yo];
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [dx, dy] = [fromX - left, fromY - top];
      const [x0, x1] = [inside(left, width), inside(left + 1, width)];
      const upper = start + inside(top, height) * width;
      const lower = start + inside(top + 1, height) * width;
      const above = plane[upper + x0]! * (1 - dx) + plane[upper + x1]! * dx;
      const below = plane[lower + x0]! * (1 - dx) + plane[lower + x1]! * dx;
      out[y * width + x] = above * (1 - dy) + below * dy;
    }
  }
}
