import { InvalidInput, type Transport } from "sendstate/sdk"
import type { ListedApi } from "./listed-transport.ts"
import { mailApiOf } from "./mail-api.ts"
import type { RunTransport } from "./run-transport.ts"
import type { ReadVariable } from "./transport-variable.ts"
import { UsageError } from "./usage-error.ts"

// The options were checked when the file was read: what is wrong now is a key.
const connect = (listed: ListedApi, variables: string, read: ReadVariable): Transport => {
  try {
    return mailApiOf(listed.provider).open(listed, read)
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error
    const what = [...new Set(error.issues.map(({ message }) => message))].join(", ")
    throw new UsageError(`${variables} for the transport "${listed.name}" ${what}.`)
  }
}

/**
 * The HTTP API that a campaign file lists, with its keys.
 *
 * @throws UsageError, without the key, when it makes no sense.
 */
export const apiTransport = (listed: ListedApi, read: ReadVariable): RunTransport => {
  const { name, provider, weight, senders } = listed
  const api = mailApiOf(provider)
  const variables = api.variables(name).join(" and ")
  return {
    name,
    provider,
    transport: connect(listed, variables, read),
    shown: api.shown(listed, read),
    weight,
    senders,
    advice: {
      absent: "Check the network and, if the file has one, its baseUrl",
      refused: `Check ${variables}, what the account may do, and TLS`,
    },
  }
}
