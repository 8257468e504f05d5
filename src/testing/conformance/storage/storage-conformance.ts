import fc from "fast-check"
import { expect } from "../expectation.ts"
import type { TestRunner } from "../runner.ts"
import { claimBehaviours } from "./claiming.ts"
import { commitBehaviours } from "./committing.ts"
import { documentBehaviours } from "./documents.ts"
import { enrollBehaviours } from "./enrolling.ts"
import { Model } from "./model.ts"
import { lifeBehaviours } from "./opening.ts"
import { readBehaviours } from "./reading.ts"
import { setCampaign } from "./rows.ts"
import { sharingBehaviours } from "./sharing.ts"
import { signalBehaviours } from "./signalling.ts"
import { beginning, type Real, stories } from "./stories.ts"
import type { StoreSubject, Subject, Traits } from "./subject.ts"

/** What {@link storageConformance} tries. */
export interface StorageConformanceOptions {
  /** Name of the group of tests. */
  readonly name: string
  /** A store of its own for each test, empty. */
  readonly create: () => StoreSubject
  /** Random stories to compare with the model of the protocol; default 50. A store that syncs files may want fewer. */
  readonly stories?: number | undefined
}

const parts = [
  enrollBehaviours,
  claimBehaviours,
  commitBehaviours,
  signalBehaviours,
  readBehaviours,
  documentBehaviours,
  lifeBehaviours,
  sharingBehaviours,
]

const traitsOf = (create: () => StoreSubject): Traits => {
  const probe = create()
  const { capabilities } = probe.storage
  probe.dispose()
  return { capabilities, crash: probe.crash !== undefined }
}

const onFreshStore = async (create: () => StoreSubject, body: (subject: Subject) => Promise<void>): Promise<void> => {
  const store = create()
  const subject: Subject = { store, driver: await store.open() }
  try {
    await setCampaign(subject.driver, "running")
    await body(subject)
  } finally {
    await subject.driver.close()
    await store.dispose()
  }
}

const tellStory = (create: () => StoreSubject, answers: Map<string, number>) =>
  fc.asyncProperty(stories, (commands) =>
    onFreshStore(create, async (subject) => {
      const real: Real = { store: subject.store, driver: subject.driver, seen: [], answers }
      const model = new Model()
      try {
        for (const command of beginning) await command.run(model, real)
        await fc.asyncModelRun(() => ({ model, real }), commands)
        expect(await real.driver.verify()).toMatchObject({ problems: [] })
      } finally {
        subject.driver = real.driver
      }
    }),
  )

/**
 * Tests whether a storage keeps its contract: each rule by itself, then random stories of claims, commits, signals,
 * crashes and closes, compared with a model of the send protocol. What a storage does not declare is skipped, with the
 * reason in the test's name.
 *
 * Works in any runner that has `describe` and `it` with `it.skip`; needs the package `fast-check`.
 *
 * @example
 * ```ts
 * import { describe, it } from "vitest"
 * storageConformance({ describe, it }, { name: "mine", create: () => {
 *   const storage = mine({ path: temporaryPath() })
 *   return { storage, open: async (mode = "own") => storage.open({ mode, now: () => 0 }), dispose: () => {} }
 * } })
 * ```
 */
export const storageConformance = (runner: TestRunner, options: StorageConformanceOptions): void => {
  const { name, create, stories: runs = 50 } = options
  const traits = traitsOf(create)
  runner.describe(name, () => {
    const subject = {} as { -readonly [Key in keyof Subject]: Subject[Key] }
    const it = (title: string, body: () => Promise<void>) =>
      runner.it(title, () =>
        onFreshStore(create, async (fresh) => {
          subject.store = fresh.store
          subject.driver = fresh.driver
          try {
            await body()
          } finally {
            // A body may have opened the store anew.
            fresh.driver = subject.driver
          }
        }),
      )
    const inside: TestRunner = { describe: runner.describe, it: Object.assign(it, { skip: runner.it.skip }) }
    for (const part of parts) part(subject, inside, traits)
    runner.it("goes in every random story as the model of the protocol does", async () => {
      const answers = new Map<string, number>()
      await fc.assert(tellStory(create, answers), { numRuns: runs })
      // A dozen stories may miss a rule by chance, hundreds do not.
      if (runs < 200) return
      for (const answer of ["commit ok", "commit leaseLost", "release true", "renew false", "signal applied"])
        expect(answers.get(answer) ?? 0, answer).toBeGreaterThan(0)
    })
  })
}
