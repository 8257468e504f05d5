/** What is used of a test runner: vitest, `node:test`, jest and mocha all have it. */
export interface TestRunner {
  /** Groups tests under a name. */
  readonly describe: (name: string, body: () => void) => unknown
  /** One test. */
  readonly it: ((name: string, body: () => Promise<void>) => unknown) & {
    /** Lists the test, and does not run it. */
    readonly skip: (name: string, body: () => Promise<void>) => unknown
  }
}

/** A test with its reason not to run, where it has one: a suite skips nothing in silence. */
export const itUnless = (
  { it }: TestRunner,
  reason: string | undefined,
  name: string,
  body: () => Promise<void>,
): unknown => (reason === undefined ? it(name, body) : it.skip(`${name} (skipped: ${reason})`, body))
