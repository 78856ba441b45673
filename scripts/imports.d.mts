/** What the rules of import-rules.mjs do not allow below `root`, one line each. */
export function violations(root?: string): Promise<string[]>;
