import type { Storage } from "sendstate/sdk"
import type { CampaignFile } from "./campaign-file.ts"
import type { Interruption } from "./interruption.ts"
import type { Output } from "./output.ts"

/** What the command line of a run asks for, read and checked. */
export interface RunRequest {
  readonly file: CampaignFile
  /** Path of the lead file, as given; `undefined`: only triggers let leads in. */
  readonly leads: string | undefined
  readonly storeFile: string
  readonly storage: Storage
  /** Each `--smtp`, in their order. */
  readonly smtp: ReadonlyArray<string>
  readonly limit: number | undefined
  readonly speed: number | undefined
  readonly yes: boolean
  readonly json: boolean
  readonly dryRun: boolean
  readonly strict: boolean
  readonly update: boolean | "running"
  /** Lets leads come again that were in before. */
  readonly again: boolean
  /** Stays for what triggers let in. */
  readonly wait: boolean
  readonly untilIdle: boolean
  /** Where people read. */
  readonly output: Output
  readonly interruption: Interruption
}
