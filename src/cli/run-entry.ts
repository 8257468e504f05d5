import { randomUUID } from "node:crypto"
import type { Runtime } from "sendstate"

const settingOf = (campaignId: string): string => `run/${campaignId}`

/**
 * What a run with `--again` enrolls its leads for. Kept until that run has sent all there was, so that one that was killed
 * and is repeated goes on, and lets nobody in a second time.
 */
export const beginEntry = async ({ settings }: Pick<Runtime, "settings">, campaignId: string): Promise<string> => {
  const key = settingOf(campaignId)
  const begun = (await settings.get(key))?.entry
  if (typeof begun === "string") return begun
  const entry = `run ${randomUUID()}`
  await settings.put([{ key, value: { entry } }])
  return entry
}

/** The run is over: the next one with `--again` lets its leads in anew. */
export const endEntry = ({ settings }: Pick<Runtime, "settings">, campaignId: string): Promise<void> =>
  settings.put([{ key: settingOf(campaignId), value: null }])
