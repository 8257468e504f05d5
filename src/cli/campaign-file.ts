import { readFile, realpath, stat } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { parseTracking, type Tracking } from "sendstate/renderer/tracking"
import {
  type Campaign,
  type CampaignInput,
  campaignFields,
  checkLimitedTransports,
  defineCampaign,
  domainOf,
  InvalidInput,
  type Issue,
  type LimitsInput,
  parseLimits,
} from "sendstate/sdk"
import { isMap, LineCounter, parseDocument } from "yaml"
import { attachmentsOf } from "./attachment-file.ts"
import { type ListedTransport, parseListedTransports, takesSender } from "./listed-transport.ts"
import { mailApiOf } from "./mail-api.ts"
import { nodeAt, placeOf, type YamlSource } from "./yaml-place.ts"

/** A campaign as its file says, checked, with the files beside it. */
export interface CampaignFile {
  readonly path: string
  readonly folder: string
  readonly input: CampaignInput
  readonly campaign: Campaign
  /** Of the runtime that runs it. */
  readonly limits: LimitsInput
  /** The transports that it lists; `undefined`: it leaves them to the command line. */
  readonly transports: ReadonlyArray<ListedTransport> | undefined
  /** How its mails tell of opens and clicks; `undefined`: they do not. */
  readonly tracking: Required<Tracking> | undefined
  /** Folder of the templates. */
  readonly templates: string
}

// What is no JSON cannot be written in a file; the folder of templates, and what is the runtime's, are the file's own.
const ownFields = ["templates", "tracking", "limits", "transports"]
const fields = new Set([...campaignFields.filter((field) => field !== "leadData"), ...ownFields])

const refuse = (path: string, issues: ReadonlyArray<Issue>): InvalidInput =>
  new InvalidInput({
    code: "invalid-campaign-file",
    retryable: false,
    issues,
    message: [
      `${path} is not a campaign that can be run:`,
      ...issues.map((issue) => `  ${issue.path}: ${issue.message}`),
    ].join("\n"),
  })

/** Larger ones are no campaign: attachments and templates are files of their own. */
const maxBytes = 1_048_576

// The parser goes as deep as the file does, and aliases may stand for more than memory holds.
const readable = <Result>(path: string, read: () => Result): Result => {
  try {
    return read()
  } catch (error) {
    if (error instanceof InvalidInput) throw error
    const message =
      error instanceof RangeError ? "it is nested too deep" : error instanceof Error ? error.message : String(error)
    throw refuse(path, [{ path: "the file", message }])
  }
}

const parseYaml = (path: string, text: string): YamlSource => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const source = { path, document, lines }
  const [first] = [...document.errors, ...document.warnings]
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0])
    throw refuse(path, [{ path: `line ${line}, column ${col}`, message: first.message }])
  }
  if (!isMap(document.contents))
    throw refuse(path, [{ path: "line 1, column 1", message: "it begins with fields like id: and from:" }])
  return source
}

const unknownFields = (source: YamlSource): ReadonlyArray<Issue> => {
  const { contents } = source.document
  if (!isMap(contents)) return []
  return contents.items
    .map(({ key }) => String(key))
    .filter((key) => !fields.has(key))
    .map((key) => ({
      path: placeOf(source, [key], true),
      message: `there is no field "${key}"; there are ${[...fields].join(", ")}`,
    }))
}

const missingFields = (source: YamlSource): ReadonlyArray<Issue> =>
  ["id", "from", "steps"]
    .filter((key) => nodeAt(source, [key]) === undefined)
    .map((key) => ({ path: "line 1, column 1", message: `the field ${key} is missing` }))

const templatesOf = (source: YamlSource, folder: string, value: unknown): string => {
  if (value === undefined || value === null) return join(folder, "templates")
  if (typeof value === "string" && value !== "") return resolve(folder, value)
  throw refuse(source.path, [
    { path: placeOf(source, ["templates"]), message: "templates is the name of a folder beside this file" },
  ])
}

/** What the check answers; what it refuses is told with its place in the file. `within`: the field that was checked. */
const checked = <Result>(source: YamlSource, check: () => Result, within: ReadonlyArray<string> = []): Result => {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    const issues = error.issues.map(({ path, message }) => {
      const whole = [...within, ...(path === "" ? [] : path.split("."))]
      return {
        path: `${placeOf(source, whole)}, ${whole.length === 0 ? "the campaign" : whole.join(".")}`,
        message,
      }
    })
    throw refuse(source.path, issues)
  }
}

// Each mail that came to such an API would be refused.
const bounceAddressIssues = (
  source: YamlSource,
  transports: ReadonlyArray<ListedTransport>,
  { envelopeFrom, from }: Campaign,
): ReadonlyArray<Issue> =>
  envelopeFrom === undefined || envelopeFrom === from.address
    ? []
    : transports
        .filter(({ provider }) => provider !== "smtp" && mailApiOf(provider).setsBounceAddress)
        .map(({ name, provider }) => ({
          path: `${placeOf(source, ["envelopeFrom"])}, envelopeFrom`,
          message: `the transport "${name}" (${provider}) sets the bounce address itself: leave envelopeFrom out`,
        }))

const transportsOf = (source: YamlSource, given: unknown, campaign: Campaign): CampaignFile["transports"] => {
  if (given === undefined || given === null) return undefined
  const transports = checked(source, () => parseListedTransports(given), ["transports"])
  const sender = domainOf(campaign.from.address)
  const issues = transports.some((transport) => takesSender(transport, sender))
    ? bounceAddressIssues(source, transports, campaign)
    : [{ path: placeOf(source, ["transports"], true), message: `none of the transports takes mails from ${sender}` }]
  if (issues.length > 0) throw refuse(source.path, issues)
  return transports
}

const trackingOf = (source: YamlSource, given: unknown): CampaignFile["tracking"] =>
  given === undefined || given === null
    ? undefined
    : checked(source, () => parseTracking(given as Tracking), ["tracking"])

/**
 * Reads a campaign.yaml. Templates and attachments are looked for beside it.
 *
 * @throws InvalidInput `invalid-campaign-file` naming line, column and reason of each problem.
 */
export const readCampaignFile = async (file: string): Promise<CampaignFile> => {
  const path = await realpath(file)
  const folder = dirname(path)
  if ((await stat(path)).isDirectory())
    throw refuse(file, [{ path: "the file", message: "it is a folder; give the campaign file that is in it" }])
  const text = await readFile(path, "utf8")
  if (text.length > maxBytes)
    throw refuse(file, [{ path: "the file", message: "it is longer than 1 MB; put attachments beside it" }])
  const source = readable(file, () => parseYaml(file, text))
  const wrong = [...unknownFields(source), ...missingFields(source)]
  if (wrong.length > 0) throw refuse(file, wrong)
  const {
    templates,
    attachments,
    limits: given,
    tracking,
    transports,
    ...rest
  } = readable(file, () => source.document.toJS({ maxAliasCount: 100 }) as Record<string, unknown>)
  const files = await attachmentsOf(folder, attachments)
  if (files.issues.length > 0)
    throw refuse(
      file,
      files.issues.map((issue) => ({ ...issue, path: placeOf(source, issue.path.split(".")) })),
    )
  // The shape is what defineCampaign checks.
  const limits = (given ?? {}) as LimitsInput
  const checkedLimits = readable(file, () => checked(source, () => parseLimits(limits), ["limits"]))
  const input = { ...rest, attachments: files.attachments } as unknown as CampaignInput
  const campaign = readable(file, () => checked(source, () => defineCampaign(input)))
  const listed = readable(file, () => transportsOf(source, transports, campaign))
  // Those of the command line may be others in each run.
  const names = listed?.map(({ name }) => name) ?? []
  checked(source, () => checkLimitedTransports(checkedLimits, names), ["limits"])
  return {
    path: file,
    folder,
    input,
    campaign,
    limits,
    transports: listed,
    tracking: readable(file, () => trackingOf(source, tracking)),
    templates: templatesOf(source, folder, templates),
  }
}

/** Whether leads come into the campaign by themselves. */
export const hasTriggers = ({ campaign }: CampaignFile): boolean => (campaign.triggers?.length ?? 0) > 0
