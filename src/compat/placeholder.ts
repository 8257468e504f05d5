/** Address that stands in until a sender is configured; nothing is sent before. */
export const noSender = "nobody@sender.invalid"

/** Address of a lead that is known by its id only; nothing is ever sent to it. */
export const unknownAddress = "unknown@lead.invalid"
