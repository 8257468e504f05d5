import * as Effect from "effect/Effect"
import {
  type Attachment,
  type Campaign,
  contentHash,
  eventsOf,
  type Json,
  type Mailbox,
  NotFound,
  type Priority,
  type Step,
  type StorageError,
  type Variant,
} from "../../sdk/index.ts"
import type { Store } from "../store.ts"

/** A step whose templates are named by their content. */
export interface DefinedStep extends Omit<Step, "variants"> {
  readonly hash: string
  readonly variants?: ReadonlyArray<Variant & { readonly hash: string }>
}

/** Absent where they are not used: a definition that was stored before they existed is still the same. */
const optional = [
  "exit",
  "goal",
  "reentry",
  "triggers",
  "holdout",
  "calendar",
  "late",
  "repeat",
  "limit",
  "frequency",
] as const satisfies ReadonlyArray<keyof Campaign>

/** A campaign's definition as stored: plain JSON, named by its content, its templates by theirs. */
export interface Definition
  extends Pick<Campaign, (typeof optional)[number] | "retry" | "onUnknown" | "timeZone" | "variables" | "headers"> {
  readonly id: string
  readonly topic: string | null
  /** The value of the header. */
  readonly listId: string | null
  readonly from: Mailbox
  readonly replyTo: Mailbox | null
  readonly envelopeFrom: string
  readonly steps: ReadonlyArray<DefinedStep>
  /** Absent for `bulk`. */
  readonly priority?: Priority
  readonly locale: string | null
  readonly unsubscribe: { readonly url: string; readonly oneClick: boolean } | null
  readonly attachments: ReadonlyArray<{
    readonly filename: string
    readonly contentType: string | null
    readonly hash: string
  }>
}

/** Whether it matters what a lead's clock shows. */
export const goesByClocks = ({ steps, calendar, repeat }: Definition): boolean =>
  calendar !== undefined || repeat !== undefined || steps.some(({ on }) => on !== undefined)

/** The events that matter to a lead's way through the campaign: in conditions, waited for, exits and the goal. */
const eventsHeeded = ({ steps, exit, goal }: Definition): ReadonlySet<string> =>
  new Set([
    ...steps.flatMap(({ waitUntil, when }) => [
      ...(waitUntil === undefined ? [] : [waitUntil]),
      ...(when ?? []).flatMap((question) => eventsOf(question.if)),
    ]),
    ...(exit ?? []),
    ...(goal === undefined ? [] : [goal]),
  ])

/** A definition made ready: with its name and the bytes that it refers to. */
export interface LoadedDefinition {
  readonly hash: string
  readonly definition: Definition
  readonly attachments: ReadonlyArray<Attachment>
  /** What `eventsHeeded` answers, computed once. */
  readonly events: ReadonlySet<string>
}

type JsonObject = { readonly [key: string]: Json }

const asJson = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject

const attachmentHash = (content: Uint8Array): string => contentHash(Buffer.from(content).toString("base64"))

const defineStep = (step: Step, hashes: ReadonlyMap<string, string>): DefinedStep => {
  const { variants, ...rest } = step
  const hashOf = (template: string): string => hashes.get(template) ?? ""
  return {
    ...rest,
    hash: hashOf(step.template),
    ...(variants === undefined ? {} : { variants: variants.map((one) => ({ ...one, hash: hashOf(one.template) })) }),
  }
}

/** The names of all templates that a campaign's mails are made of, each once. */
export const templatesOf = ({ steps }: Pick<Campaign, "steps">): ReadonlyArray<string> => [
  ...new Set(steps.flatMap(({ template, variants }) => [template, ...(variants ?? []).map((one) => one.template)])),
]

const given = (campaign: Campaign): Partial<Pick<Definition, (typeof optional)[number]>> =>
  Object.fromEntries(optional.flatMap((field) => (campaign[field] === undefined ? [] : [[field, campaign[field]]])))

/** The definition of a checked campaign whose templates have these hashes. */
export const definitionOf = (campaign: Campaign, hashes: ReadonlyMap<string, string>): Definition => ({
  id: campaign.id,
  topic: campaign.topic ?? null,
  listId: campaign.listId ?? null,
  from: campaign.from,
  replyTo: campaign.replyTo ?? null,
  envelopeFrom: campaign.envelopeFrom ?? campaign.from.address,
  steps: campaign.steps.map((step) => defineStep(step, hashes)),
  ...given(campaign),
  retry: campaign.retry,
  onUnknown: campaign.onUnknown,
  ...(campaign.priority === "bulk" ? {} : { priority: campaign.priority }),
  locale: campaign.locale ?? null,
  timeZone: campaign.timeZone,
  variables: campaign.variables,
  headers: campaign.headers,
  unsubscribe: campaign.unsubscribe ?? null,
  attachments: campaign.attachments.map(({ filename, content, contentType }) => ({
    filename,
    contentType: contentType ?? null,
    hash: attachmentHash(content),
  })),
})

// What definitions that an earlier version stored do not have.
const later: Pick<Definition, "topic" | "listId"> = { topic: null, listId: null }

/** Stores a definition and its attachments under their content hashes; answers its name. */
export const saveDefinition = (
  store: Store["Service"],
  campaign: Campaign,
  definition: Definition,
): Effect.Effect<string, StorageError> => {
  const hash = contentHash(definition)
  return Effect.as(
    store.use((driver) =>
      driver.writeDocuments([
        ...campaign.attachments.map(({ content }) => ({
          kind: "attachment" as const,
          key: attachmentHash(content),
          value: { base64: Buffer.from(content).toString("base64") },
        })),
        { kind: "definition" as const, key: hash, value: asJson(definition) },
      ]),
    ),
    hash,
  )
}

/** Reads a definition back. */
export const loadDefinition = (
  store: Store["Service"],
  hash: string,
): Effect.Effect<LoadedDefinition, StorageError | NotFound> =>
  Effect.gen(function* () {
    const [document] = yield* store.use((driver) => driver.documents("definition", [hash]))
    if (document === undefined)
      return yield* Effect.fail(
        new NotFound({
          kind: "definition",
          key: hash,
          code: "definition-missing",
          retryable: false,
          message: `The campaign definition ${hash} is not in the storage. Restore it from a backup, or create the campaign again.`,
        }),
      )
    const definition: Definition = { ...later, ...(document.value as unknown as Definition) }
    const files = yield* store.use((driver) =>
      driver.documents(
        "attachment",
        definition.attachments.map((attachment) => attachment.hash),
      ),
    )
    return {
      hash,
      definition,
      events: eventsHeeded(definition),
      attachments: definition.attachments.map(({ filename, contentType }, index) => ({
        filename,
        content: new Uint8Array(Buffer.from(String(files[index]?.value.base64 ?? ""), "base64")),
        ...(contentType === null ? {} : { contentType }),
      })),
    }
  })
