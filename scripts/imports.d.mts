/** What no rule of import-rules.mjs allows below `root`, one line each. */
export function violations(root?: string): Promise<string[]>;
