// The local part is the execution's id; see `messageIdOf` in the actors.
const ours = /^<?([a-zA-Z0-9_~-][a-zA-Z0-9._~-]{0,99})@[a-zA-Z0-9.-]{1,253}>?$/

/** The execution whose Message-ID this may be; the runtime knows whether there is one. */
export const executionOfMessageId = (messageId: string): string | undefined => ours.exec(messageId.trim())?.[1]

const verp = /\+([a-zA-Z0-9_~-][a-zA-Z0-9._~-]{0,99})@/

/** The execution that a bounce address names: `bounces+EXECUTION@acme.test`. */
export const executionOfBounceAddress = (address: string): string | undefined => verp.exec(address)?.[1]
