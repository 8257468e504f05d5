import { createHash } from "node:crypto"

/** What happened in a world, line by line: two runs of a seed must tell the same. */
export class Story {
  readonly #hash = createHash("sha256")
  readonly lines: string[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  tell(line: string): void {
    const timed = `${String(this.#now()).padStart(9)} ${line}`
    this.#hash.update(`${timed}\n`)
    this.lines.push(timed)
  }

  digest(): string {
    return this.#hash.copy().digest("hex").slice(0, 16)
  }
}
