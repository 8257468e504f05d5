import { isTransportFault, type SendEvent } from "../send-event.ts"
import { slowDownOf } from "../shaping/slow-down.ts"
import type { GateEvent } from "../transport-gate.ts"

const ofOutcome = (event: SendEvent): ReadonlyArray<GateEvent> => {
  switch (event.type) {
    case "ACCEPTED":
      return [{ type: "SUCCEEDED" }]
    case "UNKNOWN":
      return [{ type: "REACHED" }]
    case "NOT_CALLED":
      return []
    case "REJECTED":
      break
  }
  if (event.scope === "config") return [{ type: "CONFIG_REFUSED" }]
  // A transport that broke or hung tells nothing about its host.
  if (isTransportFault(event)) return []
  // The server answered: it is up, whatever it thinks of this mail.
  if (event.scope !== "host") return [{ type: "SUCCEEDED" }]
  const { at, retryAfterMs } = event
  return [
    {
      type: "HOST_FAILED",
      at,
      cause: event.response ?? event.code,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  ]
}

/** What a call's end tells the gate of its transport. */
export const gateEventsOf = (event: SendEvent): ReadonlyArray<GateEvent> =>
  slowDownOf(event)?.by === "host" ? [...ofOutcome(event), { type: "ASKED_FOR_LESS" }] : ofOutcome(event)
