import type { Message } from "../../src/sdk/index.ts"

/** What becomes of one call of the transport: the first kinds that there were, of which a seed draws in this order. */
export const firstFates = [
  /** For this time: the mailbox is busy. */
  "busy",
  /** The same, with a wish when to come again. */
  "busyWithWish",
  "gone",
  "refusedAfterData",
  "hostDown",
  "badConfig",
  "throwsAtOnce",
  "throwsBefore",
  "throwsAfter",
  "hangsBefore",
  "hangsAfter",
  /** Hangs until it is aborted, then says so. */
  "endsAtAbort",
  /** The mail was taken, the reply is lost. */
  "replyLost",
  /** The mail is lost behind the handoff, and so is the reply. */
  "mailLost",
  "acceptsLate",
  "refusesLate",
  "answersNonsense",
  "resolvesTwice",
] as const

/** Answers of further classes: about the host for good, the configuration for now, the sender for now and for good. */
export const furtherFates = ["hostRefuses", "configLater", "senderLater", "senderRefused"] as const

/** A kind of trouble with a send. */
export type Fate = (typeof firstFates | typeof furtherFates)[number]

/** What becomes of one write to a disk. */
export type DiskFault =
  | "none"
  | "slow"
  | "full"
  /** Not written, and it is known. */
  | "refused"
  /** Not written, and it is not known. */
  | "failed"
  /** Written, but the sync fails: it may come to the disk with the next one. */
  | "unsynced"
  /** Durable, but the caller hears of an error. */
  | "answerLost"

/** What becomes of one request to a shared storage. */
export type RequestFault =
  | "none"
  | "slow"
  | "requestLost"
  | "answerLost"
  /** The caller hears of an error, and the request is carried out afterwards. */
  | "landsLate"

/** What becomes of one call of the renderer. */
export type RenderFault = "none" | "missing" | "busy" | "breaks" | "giant"

/** What becomes of loading or compiling a template. */
export type CompileFault = "none" | "throws" | "hangs"

/** Who decides what goes wrong in a simulated world. */
export interface Faults {
  readonly fate: (message: Message, attempt: number) => Fate | "accepted"
  readonly disk: () => DiskFault
  readonly request: (method: string, host: string) => RequestFault
  readonly render: () => RenderFault
  readonly compile: () => CompileFault
  /** Asked at each await of a plugin: whether the process dies there. */
  readonly crashes: (where: string, host: string) => boolean
  /** Asked at the same places: for how many milliseconds the process stands still there. */
  readonly freezes: (where: string, host: string) => number
}

/** Nothing goes wrong. */
export const calm: Faults = {
  fate: () => "accepted",
  disk: () => "none",
  request: () => "none",
  render: () => "none",
  compile: () => "none",
  crashes: () => false,
  freezes: () => 0,
}
