import { afterEach, beforeEach, describe } from "vitest"
import { claimBehaviours } from "./contract/claims.ts"
import { commitBehaviours } from "./contract/commits.ts"
import { documentBehaviours } from "./contract/documents.ts"
import { enrollBehaviours } from "./contract/enrolling.ts"
import { lifeBehaviours } from "./contract/life.ts"
import { readBehaviours } from "./contract/reading.ts"
import { signalBehaviours } from "./contract/signals.ts"
import type { Subject } from "./contract/subject.ts"
import { setCampaign } from "./rows.ts"
import { type Store, stores } from "./stores.ts"

describe.each(Object.entries(stores))("%s", (_name, make) => {
  let store: Store
  const subject = {} as { -readonly [Key in keyof Subject]: Subject[Key] }

  beforeEach(async () => {
    store = make()
    subject.store = store
    subject.driver = await store.open()
    await setCampaign(subject.driver, "running")
  })

  afterEach(async () => {
    await subject.driver.close()
    store.dispose()
  })

  for (const behaviours of [
    enrollBehaviours,
    claimBehaviours,
    commitBehaviours,
    signalBehaviours,
    readBehaviours,
    documentBehaviours,
    lifeBehaviours,
  ])
    behaviours(subject)
})
