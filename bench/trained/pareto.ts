/** What decides whether a file is worth choosing. */
export interface Point {
  /** 0..1 */
  readonly accuracy: number;
  readonly milliseconds: number;
}

/** The points that no other beats: none is at least as accurate and at least as fast, and better in one of the two. */
export function paretoFront<P extends Point>(points: readonly P[]): P[] {
  const beats = (a: Point, b: Point) =>
    a.accuracy >= b.accuracy &&
    a.milliseconds <= b.milliseconds &&
    (a.accuracy > b.accuracy || a.milliseconds < b.milliseconds);
  return points.filter((point) => !points.some((other) => beats(other, point)));
}
