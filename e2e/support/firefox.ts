import type { Page } from '@playwright/test';
import { microphoneScript } from './injected-microphone.js';

/** Firefox starts no audio on a machine without a loudspeaker; these settings give it one that nobody hears. */
export const SILENT_LOUDSPEAKER = { 'media.cubeb.force_mock_context': true } as const;
/** What a machine without any audio device gives. */
export const NO_LOUDSPEAKER = {
  'media.cubeb.force_mock_context': false,
  'media.cubeb.force_null_context': true,
} as const;

/** Has pages that are opened from now on hear a recording over and over instead of Firefox's own test microphone, a tone. */
export async function injectMicrophone(page: Page, recording: Buffer): Promise<void> {
  // The blank page before the first has no media devices.
  await page.addInitScript(`if (navigator.mediaDevices) { ${microphoneScript(recording)} }`);
}
