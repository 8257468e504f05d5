// A list of what may be shown, not of what may not: a field that is added later is hidden until somebody lists it here.
const shownNumbersAndFlags = new Set([
  "machine",
  "timeScale",
  "dueAt",
  "attempt",
  "used",
  "firstAttemptAt",
  "renderedAt",
  "safeResend",
  "doubts",
  "resent",
  "cancelRequested",
  "attempts",
  "baseMs",
  "factor",
  "capMs",
  "jitter",
  "deadlineMs",
  "at",
  "retryable",
  "jitterUnit",
  "retryAfterMs",
  "duplicate",
])
const shownWords = new Set([
  "id",
  "type",
  "outcome",
  "delivery",
  "code",
  "enhancedCode",
  "scope",
  "stage",
  "verdict",
  "by",
])
const shownParts = new Set(["retry", "reason", "outcome", "unknownAttempts"])

/** A word that is shown as it is; anything else (an address, a sentence) is not a word. */
export const shownWord = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text) ? text : "[redacted]"

const shown = (key: string, value: unknown): unknown => {
  if (value === null) return null
  if (typeof value === "number" || typeof value === "boolean") return shownNumbersAndFlags.has(key) ? value : undefined
  if (typeof value === "string") return shownWords.has(key) ? shownWord(value) : undefined
  if (typeof value !== "object" || !shownParts.has(key)) return undefined
  return Array.isArray(value) ? value.filter((item) => typeof item === "number").slice(0, 100) : redacted(value)
}

/** Ids, numbers, flags and codes of a context or an event; every free text is left out. */
export const redacted = (value: object): { readonly [key: string]: unknown } =>
  Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, shown(key, item)] as const)
      .filter(([, item]) => item !== undefined),
  )
