/**
 * Remembers what was made for a key. When full it starts over: keys come from lead data, so an endless stream of new ones
 * must not grow the process, and the few hundred that are real are made again at once.
 */
export const boundedCache = <Value>(size: number, make: (...parts: ReadonlyArray<string>) => Value) => {
  const made = new Map<string, Value>()
  return (...parts: ReadonlyArray<string>): Value => {
    const [only = ""] = parts
    const key = parts.length < 2 ? only : parts.join("\u0000")
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(...parts)
    if (made.size >= size) made.clear()
    made.set(key, value)
    return value
  }
}
