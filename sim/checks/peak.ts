/** The most instants (ms) that any window of this length holds, its end not included. */
export const peakOf = (instants: ReadonlyArray<number>, windowMs: number): number => {
  const sorted = [...instants].sort((left, right) => left - right)
  let peak = 0
  let first = 0
  for (const [index, at] of sorted.entries()) {
    while (at - (sorted[first] ?? at) >= windowMs) first += 1
    peak = Math.max(peak, index - first + 1)
  }
  return peak
}
