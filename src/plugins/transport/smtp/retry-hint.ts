const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }
/** A hint beyond a day is more likely a misreading than a wish. */
const longestMs = 24 * 3_600_000

const hints = [
  /retry-after:?\s*(\d{1,6})\s*(s|m|h)?/i,
  /(?:try|retry|come back|resend|greylisted)\b[^.\d]{0,40}?\b(?:in|after|for)\s+(?:about\s+)?(\d{1,6})\s*(s(?:ec|\b)|m(?:in|\b)|h(?:our|r|\b))/i,
]

/**
 * The delay that a reply asks for, in milliseconds: `try again in 5 minutes`, `greylisted for 300 seconds`,
 * `Retry-After: 120`. Undefined when it names none, or one beyond a day.
 */
export const retryHintMs = (text: string): number | undefined => {
  for (const hint of hints) {
    const match = hint.exec(text)
    if (match === null) continue
    const delay = Number(match[1]) * (unitMs[(match[2] ?? "s").slice(0, 1).toLowerCase()] ?? 1_000)
    if (delay > 0 && delay <= longestMs) return delay
  }
  return undefined
}
