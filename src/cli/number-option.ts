import { UsageError } from "./usage-error.ts"

/**
 * The number of an option, if it was given.
 *
 * @throws UsageError when it is none, or below `min`.
 */
export const numberOption = (
  name: string,
  text: string | undefined,
  { min, whole }: { readonly min: number; readonly whole: boolean },
): number | undefined => {
  if (text === undefined) return undefined
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (Number.isFinite(value) && value >= min && (!whole || Number.isSafeInteger(value))) return value
  throw new UsageError(`--${name} is ${whole ? "a whole number" : "a number"} of at least ${min}, not "${text}".`)
}
