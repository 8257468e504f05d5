import type { CampaignHandle, PreflightWarning } from "sendstate"
import type { Lead } from "sendstate/sdk"
import type { EnrolledAddresses } from "./enrolled-address.ts"
import { type LeadRow, readLeads } from "./lead-file.ts"
import { mergeWarnings } from "./warning-text.ts"

/** A row that is not mailed, and why. */
export interface RejectedRow {
  readonly line: number
  readonly reason: string
}

/** A row for somebody who is there already: in an earlier row, or in the campaign under another id. */
export type DuplicateRow =
  | { readonly line: number; readonly firstLine: number }
  | { readonly line: number; readonly enrolledAs: string }

/** What a lead file holds, known before anything is sent. */
export interface LeadSurvey {
  /** Leads that can be mailed. */
  readonly leads: number
  readonly rejected: ReadonlyArray<RejectedRow>
  readonly duplicates: ReadonlyArray<DuplicateRow>
  /** What keeps no mail from being sent, and may keep it from being read. */
  readonly warnings: ReadonlyArray<PreflightWarning>
  /** The leads again, read anew from the file. */
  readonly again: () => AsyncGenerator<Lead, void, void>
}

/** What is surveyed, and how. */
export interface SurveyOptions {
  /** `undefined`: there is none to read. */
  readonly file: string | undefined
  readonly campaign: CampaignHandle
  /** Who is enrolled already, when there is a database. */
  readonly enrolled: EnrolledAddresses | undefined
  readonly steps: number
  /** At most so many leads; default all. */
  readonly limit?: number | undefined
  readonly signal: AbortSignal
  /** Told now and then how many leads were checked. */
  readonly onProgress: (leads: number) => void
}

/** As many problems as a preflight lists. */
const problemsListed = 1_000

type LeadLine = Extract<LeadRow, { type: "lead" }>

/** Renders every mail of these leads: the lines that fail, with the reason, and what the mails are to be looked at for. */
const checkRendering = async (
  options: SurveyOptions,
  chunk: ReadonlyArray<LeadLine>,
): Promise<{ readonly failed: ReadonlyArray<RejectedRow>; readonly warnings: ReadonlyArray<PreflightWarning> }> => {
  const report = await options.campaign.preflight(
    chunk.map(({ lead }) => lead),
    { signal: options.signal },
  )
  const byLine = new Map<number, string[]>()
  for (const { index, template, error } of report.problems.first) {
    const line = chunk[index]?.line ?? 0
    const reasons = byLine.get(line) ?? []
    const issues = error.issues.map(({ path, message }) => `${path} ${message}`).join(", ")
    reasons.push(`the mail "${template}" cannot be rendered: ${issues === "" ? error.message : issues}`)
    byLine.set(line, reasons)
  }
  return {
    failed: [...byLine].map(([line, reasons]) => ({ line, reason: reasons.join("; ") })),
    // Those of the campaign are about all leads together.
    warnings: report.warnings.filter(({ template }) => template !== undefined),
  }
}

const duplicatesInStore = async (
  { enrolled }: SurveyOptions,
  chunk: ReadonlyArray<LeadLine>,
): Promise<ReadonlyArray<DuplicateRow>> => {
  const others = (await enrolled?.otherIds(chunk.map(({ lead }) => lead))) ?? []
  return chunk.flatMap(({ line }, index) => {
    const enrolledAs = others[index]
    return enrolledAs === undefined ? [] : [{ line, enrolledAs }]
  })
}

async function* rowsOf(file: string | undefined): AsyncGenerator<LeadRow, void, void> {
  if (file !== undefined) yield* readLeads(file)
}

async function* takeLeads(
  file: string | undefined,
  skipped: ReadonlySet<number>,
  count: number,
): AsyncGenerator<Lead, void, void> {
  let taken = 0
  for await (const row of rowsOf(file)) {
    if (taken >= count) return
    if (row.type !== "lead" || skipped.has(row.line)) continue
    taken += 1
    yield row.lead
  }
}

/**
 * Reads the whole file, judges every row, and renders every mail for every lead. A lead that one of its mails cannot be
 * rendered for is rejected like a bad row: it can be mended in the file and enrolled by the next run.
 */
export const surveyLeads = async (options: SurveyOptions): Promise<LeadSurvey> => {
  const limit = options.limit ?? Number.POSITIVE_INFINITY
  const chunkSize = Math.max(1, Math.min(300, Math.floor(problemsListed / Math.max(1, options.steps))))
  const rejected: RejectedRow[] = []
  const duplicates: DuplicateRow[] = []
  const left = new Set<number>()
  let chunk: LeadLine[] = []
  let leads = 0
  let ofMails: ReadonlyArray<PreflightWarning> = []

  const flush = async (): Promise<void> => {
    const known = await duplicatesInStore(options, chunk)
    const lines = new Set(known.map(({ line }) => line))
    const fresh = chunk.filter(({ line }) => !lines.has(line))
    const { failed, warnings } = await checkRendering(options, fresh)
    ofMails = mergeWarnings(ofMails, warnings)
    for (const { line } of [...known, ...failed]) left.add(line)
    duplicates.push(...known)
    rejected.push(...failed)
    leads += fresh.length - failed.length
    chunk = []
    options.onProgress(leads)
  }

  for await (const row of rowsOf(options.file)) {
    options.signal.throwIfAborted()
    if (leads + chunk.length >= limit) {
      await flush()
      if (leads >= limit) break
    }
    if (row.type === "rejected") rejected.push({ line: row.line, reason: row.reason })
    else if (row.type === "duplicate") duplicates.push({ line: row.line, firstLine: row.firstLine })
    else if (chunk.push(row) >= chunkSize) await flush()
  }
  await flush()
  rejected.sort((a, b) => a.line - b.line)
  duplicates.sort((a, b) => a.line - b.line)
  const ofCampaign = await options.campaign.preflight([], { recipients: leads, signal: options.signal })
  const warnings = [...ofCampaign.warnings, ...ofMails]
  return { leads, rejected, duplicates, warnings, again: () => takeLeads(options.file, left, leads) }
}
