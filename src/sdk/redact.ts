// Anything with an @ between two runs of non-space: replies quote addresses in <>, in (), bare, or percent-encoded.
const addressLike = /[^\s<>()[\]"',;:]+(?:@|%40)[^\s<>()[\]"',;:]+/gi

/** The text with everything that looks like an address replaced: for history, events and logs, which outlive a lead. */
export const withoutAddresses = (text: string, limit = 500): string =>
  text.slice(0, 10_000).replace(addressLike, "<address>").slice(0, limit)
