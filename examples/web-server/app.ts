import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { createInterface } from "node:readline"
import { type CampaignHandle, InvalidInput, NotFound, type Runtime } from "sendstate"
import type { LeadInput } from "sendstate/sdk"

/** Leads as they come in, one JSON object per line: a file of any size never stands in memory. */
async function* leadsOf(request: IncomingMessage): AsyncGenerator<LeadInput, void, void> {
  for await (const line of createInterface({ input: request })) if (line.trim() !== "") yield JSON.parse(line)
}

const enroll = async (campaign: CampaignHandle, request: IncomingMessage) => {
  const { enrolled, duplicates, rejected } = await campaign.enroll(leadsOf(request))
  // What is answered is durable. Sending the same body again is harmless: it counts as duplicates.
  return {
    enrolled,
    duplicates,
    rejected: rejected.first.map(({ index, error }) => ({ line: index + 1, why: error.message })),
  }
}

const explain = async (runtime: Runtime, id: string) => {
  const { summary, history } = await runtime.explain(id)
  return { summary, history: history.map(({ at, text }) => ({ at: new Date(at).toISOString(), text })) }
}

/** `undefined` when there is no such path. */
const answer = async (runtime: Runtime, request: IncomingMessage): Promise<unknown> => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost")
  const [kind, id = "", part] = pathname.split("/").slice(1).map(decodeURIComponent)
  switch (`${request.method} /${[kind, ":id", part].filter((word) => word !== undefined).join("/")}`) {
    case "POST /campaigns/:id/leads":
      return enroll(await runtime.campaigns.get(id), request)
    case "GET /campaigns/:id/stats":
      return (await runtime.campaigns.get(id)).stats()
    case "GET /executions/:id":
      return explain(runtime, id)
    case "DELETE /executions/:id":
      // `cancelled` only if nothing was sent and nothing will be; else it says `tooLate`, `inDoubt` or `requested`.
      return { answer: await runtime.executions.cancel(id) }
    default:
      return undefined
  }
}

const statusOf = (error: unknown): number =>
  error instanceof NotFound ? 404 : error instanceof InvalidInput || error instanceof SyntaxError ? 400 : 500

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`)
}

/** A request listener over one runtime; the runtime lives as long as the server. */
export const app =
  (runtime: Runtime): RequestListener =>
  async (request, response) => {
    try {
      const body = await answer(runtime, request)
      reply(response, body === undefined ? 404 : 200, body ?? { error: "no such path" })
    } catch (error) {
      // All errors that sendstate throws on purpose say what to do next and hold no secrets.
      reply(response, statusOf(error), { error: error instanceof Error ? error.message : "unknown" })
    }
  }
