/** Something that does not keep a mail from being sent, and may keep it from being read. */
export interface PreflightWarning {
  /** Stable, in kebab-case; docs/preflight.md lists them. */
  readonly code: string
  /** What it is and what to do, in a sentence; for several mails, of the first. */
  readonly message: string
  /** The template; absent for what is about the campaign. */
  readonly template?: string
  /** How many of the rendered mails it is about; 0 for what is about the campaign. */
  readonly mails: number
  /** Position of the first lead in the source, counted from 0. */
  readonly index?: number
}

/** A finding of one check. */
export interface Finding {
  readonly code: string
  readonly message: string
}

/** Findings counted by what they are about, so that memory does not grow with the audience. */
export class WarningTally {
  readonly #warnings = new Map<string, PreflightWarning>()

  add(findings: ReadonlyArray<Finding>, template: string, index: number): void {
    for (const { code, message } of findings) {
      const key = `${code} ${template}`
      const known = this.#warnings.get(key)
      this.#warnings.set(
        key,
        known === undefined ? { code, message, template, mails: 1, index } : { ...known, mails: known.mails + 1 },
      )
    }
  }

  /** In the order in which they came. */
  all(): ReadonlyArray<PreflightWarning> {
    return [...this.#warnings.values()]
  }
}
