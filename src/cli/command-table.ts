import { type CommandEntry, commandOf } from "./command.ts"

/** Every command in the order of `--help`. Nothing is loaded until it is asked for. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: "Send a campaign to a file of leads, or go on with it",
    load: async () => commandOf((await import("./commands/run.ts")).runCommand),
  },
  preview: {
    summary: "Show one lead's mail, or send it to yourself",
    load: async () => commandOf((await import("./commands/preview.ts")).previewCommand),
  },
  simulate: {
    summary: "Run a campaign in virtual time: when would it finish, what would fail",
    load: async () => commandOf((await import("./commands/simulate.ts")).simulateCommand),
  },
  demo: {
    summary: "Watch a campaign run against a mail server that fails on purpose",
    load: async () => commandOf((await import("./commands/demo.ts")).demoCommand),
  },
  status: {
    summary: "Where the campaigns of a database stand",
    load: async () => commandOf((await import("./commands/status.ts")).statusCommand),
  },
  list: {
    summary: "List executions by state, error, campaign or lead",
    load: async () => commandOf((await import("./commands/list.ts")).listCommand),
  },
  explain: {
    summary: "Tell what happened to one execution, and why",
    load: async () => commandOf((await import("./commands/explain.ts")).explainCommand),
  },
  report: {
    summary: "Compare the variants of a campaign, and its leads with those held out",
    load: async () => commandOf((await import("./commands/report.ts")).reportCommand),
  },
  retry: {
    summary: "Run failed executions again",
    load: async () => commandOf((await import("./commands/retry.ts")).retryCommand),
  },
  resend: {
    summary: "Send again what was not sent, never what was",
    load: async () => commandOf((await import("./commands/resend.ts")).resendCommand),
  },
  reschedule: {
    summary: "Move executions that wait to another time",
    load: async () => commandOf((await import("./commands/reschedule.ts")).rescheduleCommand),
  },
  resolve: {
    summary: "Settle executions that are in doubt",
    load: async () => commandOf((await import("./commands/resolve.ts")).resolveCommand),
  },
  cancel: {
    summary: "Cancel executions, or a whole campaign",
    load: async () => commandOf((await import("./commands/cancel.ts")).cancelCommand),
  },
  pause: {
    summary: "Stop a campaign from starting anything new",
    load: async () => commandOf((await import("./commands/pause.ts")).pauseCommand),
  },
  resume: {
    summary: "Let a paused campaign go on",
    load: async () => commandOf((await import("./commands/resume.ts")).resumeCommand),
  },
  export: {
    summary: "Write every execution as CSV or NDJSON",
    load: async () => commandOf((await import("./commands/export.ts")).exportCommand),
  },
  receive: {
    summary: "Take in one mail that came back: a bounce, a complaint, an answer",
    load: async () => commandOf((await import("./commands/receive.ts")).receiveCommand),
  },
  signal: {
    summary: "Tell what happened to a lead",
    load: async () => commandOf((await import("./commands/signal.ts")).signalCommand),
  },
  suppress: {
    summary: "Never mail an address again, or nothing of one topic",
    load: async () => commandOf((await import("./commands/suppress.ts")).suppressCommand),
  },
  unsuppress: {
    summary: "Let an address be mailed again",
    load: async () => commandOf((await import("./commands/unsuppress.ts")).unsuppressCommand),
  },
  suppressions: {
    summary: "List who is not mailed, by hash, with the reasons",
    load: async () => commandOf((await import("./commands/suppressions.ts")).suppressionsCommand),
  },
  forget: {
    summary: "Erase what is known of one person",
    load: async () => commandOf((await import("./commands/forget.ts")).forgetCommand),
  },
  prune: {
    summary: "Remove what ended long ago; the counts stay",
    load: async () => commandOf((await import("./commands/prune.ts")).pruneCommand),
  },
  verify: {
    summary: "Read a whole database and check it",
    load: async () => commandOf((await import("./commands/verify.ts")).verifyCommand),
  },
}
