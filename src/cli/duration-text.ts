const units: ReadonlyArray<readonly [string, number]> = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
]

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/** `3 days`, `1 hour 30 minutes`: the two largest units. */
export const durationText = (ms: number): string => {
  let rest = Math.round(ms / 1_000) * 1_000
  const parts: string[] = []
  for (const [noun, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(plural(count, noun))
    if (parts.length === 2) break
  }
  return parts.length === 0 ? "0 seconds" : parts.join(" ")
}

/** `2:05`, `1:02:05`: for what changes while one looks at it. */
export const clockText = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const two = (value: number): string => String(value).padStart(2, "0")
  const hours = Math.floor(seconds / 3_600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

const numbers = new Intl.NumberFormat("en")

/** `12,000`. */
export const numberText = (value: number): string => numbers.format(value)

/** `1 lead`, `12,000 leads`. */
export const countText = (count: number, noun: string): string =>
  `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`
