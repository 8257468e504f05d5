import { existsSync } from "node:fs"
import { join } from "node:path"
import { addressKey, type Lead } from "sendstate/sdk"
import type { CampaignFile } from "./campaign-file.ts"
import { readLeads } from "./lead-file.ts"
import { shownStore, storageOfFile, storeExists } from "./store-file.ts"
import { UsageError } from "./usage-error.ts"

/** Where a lead is looked for. */
export interface LeadPlaces {
  readonly leads: string | undefined
  readonly storeFile: string
  readonly file: CampaignFile
}

const inFile = async (path: string, id: string): Promise<Lead | undefined> => {
  const key = addressKey(id)
  for await (const row of readLeads(path))
    if (row.type === "lead" && (row.lead.id === id || addressKey(row.lead.email) === key)) return row.lead
  return undefined
}

const inStore = async (path: string, id: string): Promise<Lead | undefined> => {
  const storage = await storageOfFile(path)
  const driver = await storage.open({ mode: "observe", now: Date.now })
  try {
    const [byId, byAddress] = await driver.documents("lead", [id, addressKey(id)])
    const found = byId ?? byAddress
    return found === undefined ? undefined : (found.value as unknown as Lead)
  } finally {
    await driver.close()
  }
}

/**
 * The lead of that id or address: in the lead file that is named, else in the database, else in a leads.csv beside the
 * campaign file.
 *
 * @throws UsageError when it is in none of them.
 */
export const findLead = async (id: string, { leads, storeFile, file }: LeadPlaces): Promise<Lead> => {
  const beside = join(file.folder, "leads.csv")
  const looked: string[] = []
  const look = async (path: string, search: typeof inFile): Promise<Lead | undefined> => {
    looked.push(shownStore(path))
    return search(path, id)
  }
  const found =
    leads !== undefined
      ? await look(leads, inFile)
      : (((await storeExists(storeFile)) ? await look(storeFile, inStore) : undefined) ??
        (existsSync(beside) ? await look(beside, inFile) : undefined))
  if (found !== undefined) return found
  const where = looked.length === 0 ? "Give --leads FILE." : `Looked in ${looked.join(" and ")}.`
  throw new UsageError(`There is no lead "${id}". ${where} Its id is by default its address.`)
}
