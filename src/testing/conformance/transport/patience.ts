import { AssertionError } from "node:assert"
// Real time: the transports that are judged do real work.
import { clearTimeout, setTimeout } from "node:timers"

/** What the work answers; an error that names it when it takes longer: the suite fails, and does not hang. */
export const withinPatience = async <A>(patienceMs: number, what: string, work: () => Promise<A>): Promise<A> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AssertionError({ message: `expected ${what} to end within ${patienceMs} ms` })),
      patienceMs,
    )
  })
  try {
    return await Promise.race([work(), tooLong])
  } finally {
    clearTimeout(timer)
  }
}
