import { type CampaignHandle, createRuntime } from "sendstate"
import type { Campaign, Document, DocumentKind, Renderer, Storage, StorageDriver, Transport } from "sendstate/sdk"
import { memory } from "sendstate/storage/memory"
import type { CampaignFile } from "./campaign-file.ts"
import { storageOfFile, storeExists } from "./store-file.ts"

/** A campaign in memory, as it would stand after `create` on the real database. Sends nothing, stores nothing. */
export interface Rehearsal {
  readonly campaign: CampaignHandle
  /** Whether the database knows the campaign. */
  readonly isStored: boolean
  readonly close: () => Promise<void>
}

/** What a rehearsal needs to know. */
export interface RehearsalOptions {
  readonly renderer: Renderer
  /** The database that the campaign will run on; it need not be there. */
  readonly storeFile: string
  readonly update: boolean | "running"
  readonly speed?: number | undefined
}

const nowhere: Transport = {
  name: "rehearsal",
  capabilities: { maxConcurrency: 1, deadlineMs: 1_000, signalsHandoff: true },
  send: () => Promise.reject(new Error("a rehearsal sends nothing")),
}

const pageSize = 200

async function* documentsOf(driver: StorageDriver, kind: DocumentKind): AsyncGenerator<Document, void, void> {
  let after: string | undefined
  while (true) {
    const page = await driver.listDocuments(kind, { limit: pageSize, ...(after === undefined ? {} : { after }) })
    yield* page
    after = page.at(-1)?.key
    if (page.length < pageSize) return
  }
}

/** What is stored about a campaign, without its leads and executions. */
const storedDocuments = async (file: string, campaign: Campaign): Promise<ReadonlyArray<Document>> => {
  if (!(await storeExists(file))) return []
  const storage = await storageOfFile(file)
  const driver = await storage.open({ mode: "observe", now: Date.now })
  try {
    const [record] = await driver.documents("campaign", [campaign.id])
    if (record === undefined) return []
    const found = [record]
    // Links of a preview work where those of the campaign do.
    const [signing] = await driver.documents("secret", ["signing"])
    if (signing !== undefined) found.push(signing)
    for (const kind of ["definition", "template", "compiled", "attachment"] as const)
      for await (const document of documentsOf(driver, kind)) found.push(document)
    return found
  } finally {
    await driver.close()
  }
}

const storageWith = async (documents: ReadonlyArray<Document>): Promise<Storage> => {
  const storage = memory()
  const driver = storage.open({ mode: "own", now: Date.now })
  await driver.writeDocuments(documents.map(({ kind, key, value }) => ({ kind, key, value })))
  await driver.close()
  return storage
}

/**
 * Does everything that comes before the first mail, on a copy: the definition is checked, templates are compiled, and a
 * change against what is stored is refused, before the real database is opened and what is due in it goes out.
 *
 * @throws InvalidInput, RenderError, NotFound, Conflict as `campaigns.create` does.
 */
export const openRehearsal = async (file: CampaignFile, options: RehearsalOptions): Promise<Rehearsal> => {
  const documents = await storedDocuments(options.storeFile, file.campaign)
  const runtime = await createRuntime({
    storage: await storageWith(documents),
    transport: nowhere,
    renderer: options.renderer,
  })
  const close = () => runtime.close({ deadlineMs: 0 })
  try {
    const campaign = await runtime.campaigns.create(file.input, { update: options.update, speed: options.speed })
    return { campaign, isStored: documents.length > 0, close }
  } catch (error) {
    await close()
    throw error
  }
}
