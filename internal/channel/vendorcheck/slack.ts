// The messages are put in the place of the empty list, for the compiler to hold them to
// Slack's own types. It sees shapes and misspelt keys, but no lengths.
import type { KnownBlock } from "@slack/types";

export const messages: { name: string; text: string; blocks: KnownBlock[] }[] = [];
