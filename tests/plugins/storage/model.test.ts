import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Model } from "./model.ts"
import { beginning, type Real, stories } from "./model-commands.ts"
import { setCampaign } from "./rows.ts"
import { stores } from "./stores.ts"

/** Files cost a sync for each write. */
const runs: Readonly<Record<string, number>> = { memory: 250, sqlite: 25, lowdb: 12 }

describe("every random story goes in a store as in the model", () => {
  // Of all stores together: a dozen stories may miss a rule by chance, hundreds do not.
  const answers = new Map<string, number>()

  it.each(Object.entries(stores))("%s", async (name, make) => {
    await fc.assert(
      fc.asyncProperty(stories, async (commands) => {
        const store = make()
        const real: Real = { store, driver: await store.open(), seen: [], answers }
        try {
          await setCampaign(real.driver, "running")
          const model = new Model()
          for (const command of beginning) await command.run(model, real)
          await fc.asyncModelRun(() => ({ model, real }), commands)
          expect(await real.driver.verify()).toMatchObject({ problems: [] })
        } finally {
          await real.driver.close()
          store.dispose()
        }
      }),
      { numRuns: runs[name] ?? 60 },
    )
  })

  it("the stories try every rule", () => {
    for (const answer of ["commit ok", "commit leaseLost", "release true", "renew false", "signal applied"])
      expect(answers.get(answer), answer).toBeGreaterThan(0)
  })
})
