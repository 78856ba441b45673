import { describe, expect, it } from 'vitest';
import { SoundClock } from './clock.js';
import { formatState, parseState, type SpeechState } from './state.js';

describe('the address', () => {
  it.each<SpeechState>([
    { model: 'keywords', engine: 'lut', threshold: 70 },
    { model: 'spoken-digits', engine: 'dense', threshold: 35 },
  ])('%j comes back', (state) => {
    expect({ engine: 'lut', threshold: 70, ...parseState(formatState(state)) }).toEqual(state);
  });

  it('that means nothing is ignored', () => {
    expect(parseState('#engine=warp&threshold=101&colour=green')).toEqual({});
    expect(parseState('#threshold=70.5')).toEqual({});
    expect(parseState('')).toEqual({});
  });
});

describe('the clock of live sound', () => {
  it('trusts the message that was least late', () => {
    const clock = new SoundClock();
    clock.arrived(10, 1050);
    clock.arrived(20, 1030);
    clock.arrived(30, 1090);
    expect(clock.at(25)).toBeCloseTo(1035, 1);
  });

  it('follows a device that runs a little slow', () => {
    const clock = new SoundClock();
    for (let heard = 0; heard <= 600_000; heard += 100) clock.arrived(heard, heard * 1.00005);
    expect(Math.abs(clock.at(600_000) - 600_030)).toBeLessThan(1);
  });
});
