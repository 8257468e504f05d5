import type { Flag } from "../../sdk/index.ts"
import { advance, note, type Progress } from "./progress.ts"

const isEvidence = (flag: Flag): boolean => flag.type === "LATE_RECEIPT"

const heedOne = (progress: Progress, flag: Flag): Progress => {
  const next = advance(progress, flag)
  return next === progress && isEvidence(flag) ? note(progress, flag) : next
}

/**
 * Applies the flags of a row: first what is known about its attempts, so that a wish meets what has really happened,
 * then what is wished. A wish that comes too late changes nothing; evidence that does belongs to the history all the same.
 */
export const heed = (progress: Progress, flags: ReadonlyArray<Flag>): Progress =>
  [...flags.filter(isEvidence), ...flags.filter((flag) => !isEvidence(flag))].reduce(heedOne, progress)
