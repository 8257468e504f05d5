import { limits } from "./limits.ts"
import { failure } from "./render-failure.ts"

/** What the functions of a template know about the mail that is being rendered. */
export class MailFrame {
  readonly locale: string
  readonly timeZone: string
  readonly missing = new Set<string>()
  #written = 0
  #rounds = 0

  constructor(locale: string, timeZone: string) {
    this.locale = locale
    this.timeZone = timeZone
  }

  /** Counts written characters as they are written: a bomb must not fill the memory before it is measured. */
  write(text: string): string {
    this.#written += text.length
    if (this.#written > limits.outputBytes)
      throw failure("output-too-large", "", `writes more than ${limits.outputBytes} bytes`)
    return text
  }

  /** Counts one round of an `each`. */
  round(written: number): void {
    this.#rounds += 1
    this.#written += written
    if (this.#rounds > limits.rounds) throw failure("output-too-large", "", `repeats more than ${limits.rounds} times`)
    if (this.#written > limits.outputBytes * limits.nesting)
      throw failure("output-too-large", "", `writes more than ${limits.outputBytes} bytes`)
  }
}

/** Missing means: not there, null, or only white space. An empty CSV field is a missing value, not a name. */
export const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "string" && value.trim() === "")
