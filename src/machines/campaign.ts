import { assign, setup } from "xstate"

/** What happened to a campaign, or is asked of it. Stored with it, so that it explains itself. */
export type CampaignEvent =
  | { readonly type: "START" }
  | { readonly type: "PAUSE" }
  | { readonly type: "RESUME" }
  | { readonly type: "CANCEL" }
  /** Leads came: a completed campaign runs again. */
  | { readonly type: "ENROLL" }
  | { readonly type: "REDRIVE" }
  /** No more enrolling: may complete. */
  | { readonly type: "CLOSE" }
  /** Every enrollment has ended. */
  | { readonly type: "ALL_ENDED" }
  /** It cannot go on without a person: wrong password, full disk, too many defects. */
  | { readonly type: "DEGRADE"; readonly cause: string }

/** What the campaign machine remembers. */
export interface CampaignContext {
  readonly machine: 1
  readonly id: string
  /** Whether enrolling was closed. */
  readonly closed: boolean
  /** Why it is degraded. */
  readonly cause: string | null
}

const campaignSetup = setup({
  types: {
    context: {} as CampaignContext,
    events: {} as CampaignEvent,
    input: {} as { readonly id: string },
  },
  guards: { enrollingClosed: ({ context }) => context.closed },
  actions: {
    closeEnrolling: assign({ closed: true }),
    noteCause: assign({ cause: ({ event }) => (event.type === "DEGRADE" ? event.cause : null) }),
    clearCause: assign({ cause: null }),
  },
})

const always = { CLOSE: { actions: "closeEnrolling" } } as const

/** A campaign's life. `degraded` is paused with a cause; `create` starts it unless it is a draft. */
export const campaignMachine = campaignSetup.createMachine({
  id: "campaign",
  context: ({ input }) => ({ machine: 1, id: input.id, closed: false, cause: null }),
  initial: "draft",
  states: {
    draft: { on: { START: "running", CANCEL: "cancelled", ...always } },
    running: {
      on: {
        PAUSE: "paused",
        CANCEL: "cancelled",
        DEGRADE: { target: "degraded", actions: "noteCause" },
        ALL_ENDED: { guard: "enrollingClosed", target: "completed" },
        ...always,
      },
    },
    paused: { on: { RESUME: "running", CANCEL: "cancelled", ...always } },
    degraded: { on: { RESUME: { target: "running", actions: "clearCause" }, CANCEL: "cancelled", ...always } },
    completed: { on: { ENROLL: "running", REDRIVE: "running", ...always } },
    cancelled: {},
  },
})
