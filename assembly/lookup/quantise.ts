import { QUANTISE_INPUT, QUANTISE_OUTPUT } from '../gen/layout';
export function quantise(p: usize, begin: i32, end: i32, thread: i32): void {
  store<i32>(load<usize>(p, QUANTISE_OUTPUT), load<i32>(load<usize>(p, QUANTISE_INPUT)) + begin + end + thread);
}
