// Anything with an @ between two runs of non-space: replies quote addresses in <>, in (), bare, or percent-encoded. Begins
// only where a run begins: from each place of a long run it would take quadratic time.
const addressLike = /(?<![^\s<>()[\]"',;:])[^\s<>()[\]"',;:]+(?:@|%40)[^\s<>()[\]"',;:]+/gi

/** The text with everything that looks like an address replaced: for history, events and logs, which outlive a lead. */
export const withoutAddresses = (text: string, limit = 500): string =>
  text.slice(0, 10_000).replace(addressLike, "<address>").slice(0, limit)

/** Whom a text is about. */
export interface Person {
  readonly email: string
  readonly name?: string | undefined
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

// As a word of its own: the local part `an` is no reason to take apart every `and`.
const asWord = (text: string): string => `(?<![\\p{L}\\p{N}])${escaped(text)}(?![\\p{L}\\p{N}])`

const anyOf = (patterns: ReadonlyArray<string>): RegExp => new RegExp(patterns.join("|"), "giu")

const beyondAscii = /[^ -~\s]/

/**
 * Whether none of the words stands in the text, in capitals or not: nearly every text of every mail, told without the
 * regular expressions, which are made for each person and cost more than the mail. Beyond ASCII letters have more forms
 * than two: `false`, the expressions decide.
 */
const isFreeOf = (text: string, words: ReadonlyArray<string>): boolean => {
  const all = [text, ...words]
  if (all.some((one) => beyondAscii.test(one))) return false
  const [lower = "", ...wanted] = all.map((one) => one.toLowerCase())
  return !wanted.some((word) => lower.includes(word))
}

/** Shorter ones are words of every sentence. */
const shortestLocalPart = 3

/**
 * As {@link withoutAddresses}, and without this person's own address in any form, its local part alone and the name:
 * servers answer `550 ann.smith: unknown` too.
 */
export const withoutPerson =
  ({ email, name }: Person): ((text: string) => string) =>
  (text) => {
    const given = text.slice(0, 10_000)
    const local = email.slice(0, email.lastIndexOf("@"))
    const forms = [email, encodeURIComponent(email)]
    const words = [
      ...(local.length < shortestLocalPart ? [] : [local]),
      ...(name === undefined || name === "" ? [] : [name]),
    ]
    if (isFreeOf(given, [...forms, ...words])) return withoutAddresses(given)
    const clean = withoutAddresses(given.replace(anyOf(forms.map(escaped)), "<address>"), 10_000)
    return (words.length === 0 ? clean : clean.replace(anyOf(words.map(asWord)), "<person>")).slice(0, 500)
  }

/** Causes of causes are followed so far. */
const deepest = 5

/**
 * What something threw, as it may be kept as a `cause`: errors with name, code, stack and causes, all without addresses;
 * of anything else its text. Fields that a foreign error carries (the values of a statement, say) are left out.
 */
export const withoutAddressesIn = (thrown: unknown, depth = 0): unknown => {
  if (thrown === undefined) return undefined
  if (!(thrown instanceof Error)) return withoutAddresses(String(thrown))
  const cause = depth < deepest ? withoutAddressesIn(thrown.cause, depth + 1) : undefined
  const copy = new Error(withoutAddresses(thrown.message), cause === undefined ? {} : { cause })
  copy.name = thrown.name
  // Its first lines repeat the message; the others are places, which may hold an @ of their own.
  const places = (thrown.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))
  copy.stack = [`${copy.name}: ${copy.message}`, ...places].join("\n")
  return "code" in thrown ? Object.assign(copy, { code: thrown.code }) : copy
}
