import { createHash } from "node:crypto"
import { get, type IncomingMessage } from "node:http"
import { createWebSocketReceiver, type StatelyInspectionEvent } from "@statelyai/inspect"
import { executionMachine } from "sendstate/machines"
import { type StatelyServer, stately, statelyServer } from "sendstate/observer/stately"
import { idOf } from "sendstate/sdk"
import { afterEach, describe, expect, test, vi } from "vitest"
import { WebSocket } from "ws"
import { accepted, at, due, liveExecution, rendered, unknown } from "./change.ts"

const open: StatelyServer[] = []
const serve = async (options?: Parameters<typeof statelyServer>[0]): Promise<StatelyServer> => {
  const server = await statelyServer(options)
  open.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

/** Waits for what comes over the socket. */
const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 15_000, interval: 10 })

const receive = (server: StatelyServer) => {
  const events: StatelyInspectionEvent[] = []
  createWebSocketReceiver({ server: server.webSocketUrl }).subscribe((event) => events.push(event))
  return events
}

const port = (server: StatelyServer): string => new URL(server.webSocketUrl).port

const page = (
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; headers: IncomingMessage["headers"]; body: string }> =>
  new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text
      })
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }))
    }).on("error", reject)
  })

/** `open`, or the status with which the WebSocket was refused. */
const knock = (url: string, options: { origin?: string; headers?: Record<string, string> } = {}) =>
  new Promise<number | "open">((resolve, reject) => {
    const socket = new WebSocket(url, options)
    socket.on("open", () => {
      socket.terminate()
      resolve("open")
    })
    socket.on("unexpected-response", (request, response) => {
      request.destroy()
      resolve(response.statusCode ?? 0)
    })
    socket.on("error", reject)
  })

describe("the library's own receiver, over a real WebSocket", () => {
  test("sees a sampled execution with its chart, its events and its states", async () => {
    const server = await serve()
    const observer = stately({ adapter: server, sample: 1, machines: { execution: executionMachine } })
    const early = receive(server)
    const change = liveExecution("e1")
    await observer.onEvent(change(due, rendered))
    await observer.onEvent(change(unknown))
    await until(() => expect(early.some(inDoubt)).toBe(true))

    const actor = early.find((event) => event.sessionId === "e1")
    expect(actor).toMatchObject({ type: "@xstate.actor", parentId: "campaign:spring", _version: "0.7.2" })
    if (actor?.type !== "@xstate.actor") throw new Error("the actor comes first")
    expect(JSON.parse(actor.definition ?? "")).toMatchObject({ id: "execution", initial: "scheduled" })

    await observer.close?.()
    await expect(knock(server.webSocketUrl)).rejects.toMatchObject({ code: "ECONNREFUSED" })
  })

  test("that connects late is told each actor and where it stands", async () => {
    const server = await serve()
    const observer = stately({ adapter: server, sample: 1 })
    const change = liveExecution("e1")
    await observer.onEvent(change(due, rendered))
    await observer.onEvent(change(unknown))
    const late = receive(server)
    await until(() => expect(late.some(inDoubt)).toBe(true))
    expect(late.map((event) => `${event.sessionId} ${event.type}`)).toEqual([
      "campaign:spring @xstate.actor",
      "e1 @xstate.actor",
      "e1 @xstate.snapshot",
    ])
  })

  test("gets the sampled share only, and no frame holds an address or a server's words", async () => {
    const server = await serve()
    const raw: string[] = []
    const socket = new WebSocket(server.webSocketUrl)
    socket.on("message", (data) => raw.push(String(data)))
    await new Promise((resolve) => socket.once("open", resolve))
    const events = receive(server)
    const observer = stately({ adapter: server, sample: 0.2 })
    await until(async () => {
      await observer.onEvent({ type: "campaign", at, campaignId: "spring", state: "running", cause: null })
      expect(events.length).toBeGreaterThan(0)
    })
    const words = "550 no canary-7f3@acme.test here, token canary-7f3"
    for (let index = 0; index < 200; index += 1) {
      const change = liveExecution(idOf("spring", index))
      await observer.onEvent(change(due, rendered))
      await observer.onEvent(
        index % 2 === 0
          ? change({ ...accepted, type: "ACCEPTED", providerId: words, response: words })
          : change({
              type: "REJECTED",
              at,
              jitterUnit: 0,
              scope: "recipient",
              retryable: false,
              code: words,
              response: words,
            }),
      )
    }
    await observer.onEvent({ type: "campaign", at, campaignId: "spring", state: "degraded", cause: words })
    const told = (frames: ReadonlyArray<unknown>) => JSON.stringify(frames.at(-1)).includes("degraded")
    await until(() => expect([raw, events].every((frames) => frames.length > 0 && told(frames))).toBe(true))
    const shown = new Set(events.map((event) => event.sessionId))
    expect(shown.size).toBeGreaterThan(20)
    expect(shown.size).toBeLessThan(65)
    expect(raw.length).toBeGreaterThan(100)
    expect(raw.join("\n")).not.toContain("canary")
  })

  test("that connects late is told the latest 200 actors only", async () => {
    const server = await serve()
    const observer = stately({ adapter: server, sample: 1 })
    for (let index = 0; index < 500; index += 1)
      await observer.onEvent(liveExecution(`e${index}`)(due, rendered, accepted))
    const late = receive(server)
    await until(() => expect(late.some((event) => event.sessionId === "e499")).toBe(true))
    expect(new Set(late.map((event) => event.sessionId)).size).toBe(200)
  })
})

const inDoubt = (event: StatelyInspectionEvent): boolean =>
  event.type === "@xstate.snapshot" && JSON.stringify(event.snapshot).includes('"inDoubt"')

describe("the loopback server", () => {
  test("listens on 127.0.0.1 with a fresh token each time", async () => {
    const [one, other] = [await serve(), await serve()]
    expect(one.viewerUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}$/)
    expect(new URL(one.viewerUrl).search).not.toBe(new URL(other.viewerUrl).search)
  })

  test("lets in who has the token, and nobody else", async () => {
    const server = await serve({ token: "0123456789abcdef" })
    const base = `ws://127.0.0.1:${port(server)}`
    expect(await knock(`${base}/?token=0123456789abcdef`)).toBe("open")
    expect(await knock(`ws://localhost:${port(server)}/?token=0123456789abcdef`)).toBe("open")
    for (const path of ["/", "/?token=", "/?token=0123456789abcdeg", "/x?token=0123456789abcdef"]) {
      expect(await knock(`${base}${path}`)).toBe(403)
      expect((await page(`http://127.0.0.1:${port(server)}${path}`)).status).toBe(403)
    }
  })

  test("refuses other web pages, and other names for this machine", async () => {
    const server = await serve()
    const here = `http://127.0.0.1:${port(server)}`
    expect(await knock(server.webSocketUrl, { origin: here })).toBe("open")
    expect(await knock(server.webSocketUrl, { origin: "https://evil.test" })).toBe(403)
    expect(await knock(server.webSocketUrl, { origin: "null" })).toBe(403)
    expect(await knock(server.webSocketUrl, { headers: { host: "evil.test" } })).toBe(403)
    expect((await page(server.viewerUrl, { host: `evil.test:${port(server)}` })).status).toBe(403)
  })

  test("its page frames Stately's viewer under a policy that allows nothing else", async () => {
    const server = await serve()
    const { status, headers, body } = await page(server.viewerUrl)
    expect(status).toBe(200)
    expect(body).toContain('src="https://stately.ai/inspect"')
    const policy = String(headers["content-security-policy"])
    const script = /<script>([\s\S]*)<\/script>/.exec(body)?.[1] ?? ""
    expect(policy).toContain(`script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`)
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain(`connect-src ws://127.0.0.1:${port(server)} ws://localhost:${port(server)}`)
    expect(headers["referrer-policy"]).toBe("no-referrer")
    expect(body).not.toContain(new URL(server.viewerUrl).searchParams.get("token"))
  })

  test("takes at most eight viewers", async () => {
    const server = await serve()
    const viewers = Array.from({ length: 8 }, () => new WebSocket(server.webSocketUrl))
    await Promise.all(viewers.map((viewer) => new Promise((resolve) => viewer.once("open", resolve))))
    expect(await knock(server.webSocketUrl)).toBe(403)
    for (const viewer of viewers) viewer.terminate()
    await until(async () => expect(await knock(server.webSocketUrl)).toBe("open"))
  })

  test("goes on when a viewer sends what it must not", async () => {
    const server = await serve()
    const rude = new WebSocket(server.webSocketUrl)
    await new Promise((resolve) => rude.once("open", resolve))
    const closed = new Promise((resolve) => rude.once("close", resolve))
    rude.on("error", () => undefined)
    rude.send("x".repeat(10_000))
    await closed
    expect(await knock(server.webSocketUrl)).toBe("open")
  })

  test("a viewer that does not read loses frames instead of filling the memory", async () => {
    const server = await serve()
    const asleep = new WebSocket(server.webSocketUrl)
    await new Promise((resolve) => asleep.once("open", resolve))
    asleep.pause()
    const observer = stately({ adapter: server, sample: 1, machines: { execution: { config: "x".repeat(100_000) } } })
    for (let index = 0; index < 200; index += 1)
      await observer.onEvent(liveExecution(`e${index}`)(due, rendered, accepted))
    let bytes = 0
    let caughtUp = false
    asleep.on("message", (data) => {
      bytes += String(data).length
      caughtUp ||= String(data).includes("campaign:last")
    })
    asleep.resume()
    await until(async () => {
      await observer.onEvent({ type: "campaign", at, campaignId: "last", state: "running", cause: null })
      expect(caughtUp).toBe(true)
    })
    expect(bytes).toBeLessThan(15_000_000)
    asleep.terminate()
  })

  test("says which port it could not have, and what to do", async () => {
    const server = await serve()
    await expect(serve({ port: Number(port(server)) })).rejects.toMatchObject({
      _tag: "InvalidInput",
      code: "port-unavailable",
      message: expect.stringContaining("or 0 for a free one"),
    })
  })

  test.each([
    ["port", { port: -1 }],
    ["port", { port: 65_536 }],
    ["token", { token: "short" }],
    ["token", { token: "0123456789abcdef&x=1" }],
  ])("%s that makes no sense is refused by name", async (field, options) => {
    await expect(serve(options)).rejects.toMatchObject({ _tag: "InvalidInput", issues: [{ path: field }] })
  })

  test("may be closed twice", async () => {
    const server = await serve()
    await Promise.all([server.close(), server.close()])
    server.send({
      type: "@xstate.event",
      sessionId: "e1",
      rootId: "campaign:spring",
      createdAt: "0",
      id: "",
      _version: "0.7.2",
      sourceId: undefined,
      event: { type: "DUE" },
    })
  })
})
