import type { Bounce } from "../sdk/index.ts"

/**
 * Whether the address itself is wrong, by its RFC 3463 status: 5.1.x (bad mailbox, bad domain, moved) but for the two
 * about the sender, 5.2.1 (disabled), 5.4.4 (no route to the domain). Everything else may be another time: full, too
 * large, policy, reputation, content.
 */
export const bounceKind = (enhancedCode: string | undefined, replyCode?: number): Bounce["kind"] => {
  if (enhancedCode === undefined) return replyCode === 550 || replyCode === 551 || replyCode === 553 ? "hard" : "soft"
  if (/^5\.1\.(?!7$|8$)\d+$/.test(enhancedCode)) return "hard"
  return enhancedCode === "5.2.1" || enhancedCode === "5.4.4" ? "hard" : "soft"
}
