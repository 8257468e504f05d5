import { addressKey, type Lead, type StorageDriver } from "sendstate/sdk"
import { storageOfFile, storeExists } from "./store-file.ts"

/** Who is in a campaign already, whatever id the lead file gives them now. */
export interface EnrolledAddresses {
  /** The id under which each of these leads is enrolled, where that is another one than its own. */
  readonly otherIds: (leads: ReadonlyArray<Lead>) => Promise<ReadonlyArray<string | undefined>>
  readonly close: () => Promise<void>
}

const pageSize = 500

const idsByAddress = async (driver: StorageDriver): Promise<ReadonlyMap<string, string>> => {
  const ids = new Map<string, string>()
  let after: string | undefined
  while (true) {
    const page = await driver.listDocuments("lead", { limit: pageSize, ...(after === undefined ? {} : { after }) })
    for (const { key, value } of page) ids.set(addressKey(String(value.email)), key)
    after = page.at(-1)?.key
    if (page.length < pageSize) return ids
  }
}

/**
 * Looks into the database of a campaign. A lead file that got an `id` column between two runs must not mail everybody
 * again: the library tells leads apart by id, a person's mailbox by its address. Reads all leads only when there is one
 * that the database does not know by id.
 */
export const enrolledAddresses = async (
  storeFile: string,
  campaignId: string,
): Promise<EnrolledAddresses | undefined> => {
  if (!(await storeExists(storeFile))) return undefined
  const storage = await storageOfFile(storeFile)
  const driver = await storage.open({ mode: "observe", now: Date.now })
  let known: ReadonlyMap<string, string> | undefined

  const otherIdOf = async (lead: Lead): Promise<string | undefined> => {
    known ??= await idsByAddress(driver)
    const id = known.get(addressKey(lead.email))
    if (id === undefined || id === lead.id) return undefined
    const executions = await driver.list({ campaignId, leadId: id, limit: 1 })
    return executions.length === 0 ? undefined : id
  }

  return {
    otherIds: async (leads) => {
      const stored = await driver.documents(
        "lead",
        leads.map(({ id }) => id),
      )
      const found: Array<string | undefined> = []
      for (const [index, lead] of leads.entries())
        found.push(stored[index] === undefined ? await otherIdOf(lead) : undefined)
      return found
    },
    close: async () => driver.close(),
  }
}
