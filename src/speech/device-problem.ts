import { LutraError } from '../errors.js';

/**
 * A message and a hint for every reason why a browser gives no camera or microphone (W3C, Media Capture and Streams, section 10.3).
 *
 * @param instead What the visitor may do instead.
 */
export function deviceProblem(thrown: unknown, device: 'camera' | 'microphone', instead: string): LutraError {
  if (thrown instanceof LutraError) return thrown;
  const [message, hint] = {
    NotAllowedError: [
      `The browser was not allowed to use the ${device}`,
      'Allow it in the site settings beside the address, then try again',
    ],
    NotFoundError: [`No ${device} was found`, `Connect one, or ${instead}`],
    NotReadableError: [`The ${device} is busy`, 'Close the other program that uses it, then try again'],
  }[thrown instanceof DOMException ? thrown.name : ''] ?? [
    `The ${device} could not be started`,
    `Connect another, or ${instead}`,
  ];
  return new LutraError('PLATFORM', message!, { hint: hint!, cause: thrown });
}
