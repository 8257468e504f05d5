/** The rules of the send protocol, each of which a model of it needs: without any one of them a trace goes wrong. */
export const protocolRules = {
  signalFences: "a signal on a row that nobody holds, or whose lease is over, shuts the last holder out",
  intentSeesFlags: "an intent is refused while a wish waits on its row",
  receiptIgnoresFlags: "a receipt is never refused for a wish",
  suppressAtomic: "the suppression is looked at in the same step as the intent is written",
  stickyDoubt: "an attempt whose outcome was never known stays on its execution",
  lateReceipt: "the receipt of who lost the lease is handed in as evidence",
  pausedRecovery: "a pause stops starts only",
  flagFirst: "who claims a row fulfils the wishes on it before anything else",
  exhaustedStaysDoubt: "out of attempts, the policy resend leaves a doubt in doubt",
  versionCas: "a commit compares the version as well as the token",
  handoffKnown: "a shutdown between the intent and the transport's handoff is no doubt",
  renderBounded: "a rendering that fails for now uses up an attempt",
  selfFence: "an owner looks at its own clock before it calls",
  doubtWaits: "a send under way is not judged before its deadline and the grace are over",
  fullTable: "suppressions, late receipts and calls that never were have their transitions",
  renewTerminal: "no claim and no renewal touches what has ended",
} as const

/** Name of a rule. */
export type ProtocolRule = keyof typeof protocolRules
