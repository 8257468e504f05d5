import { campaignMachine, executionMachine } from "sendstate/machines"
import { type InspectionEvent, type StatelyOptions, stately } from "sendstate/observer/stately"
import { InvalidInput, idOf, type MissingDependency, type RuntimeEvent } from "sendstate/sdk"
import { afterEach, describe, expect, test, vi } from "vitest"
import { accepted, at, due, liveExecution, rendered, unknown } from "./change.ts"

const recorded = (options: Omit<StatelyOptions, "adapter"> = {}) => {
  const frames: InspectionEvent[] = []
  const calls: string[] = []
  const observer = stately({
    sample: 1,
    ...options,
    adapter: {
      start: () => calls.push("start"),
      stop: () => calls.push("stop"),
      send: (frame) => frames.push(frame),
    },
  })
  return { frames, calls, observer }
}

const brief = (frames: ReadonlyArray<InspectionEvent>) =>
  frames.map((frame) =>
    frame.type === "@xstate.event"
      ? `${frame.sessionId} ${frame.event.type}`
      : `${frame.sessionId} ${frame.type === "@xstate.actor" ? "appears in" : "is in"} ${JSON.stringify(frame.snapshot.value)}`,
  )

const campaignChanged = (state: "running" | "degraded", cause: string | null = null): RuntimeEvent => ({
  type: "campaign",
  at,
  campaignId: "spring",
  state,
  cause,
})

describe("the stately observer", () => {
  test("shows an execution as a child of its campaign, with its events and its state after each commit", async () => {
    const { frames, observer } = recorded()
    const change = liveExecution("e1")
    await observer.onEvent(change(due, rendered))
    await observer.onEvent(change(unknown))
    expect(brief(frames)).toEqual([
      'campaign:spring appears in "running"',
      'e1 appears in {"sending":"attempting"}',
      "e1 DUE",
      "e1 RENDERED",
      'e1 is in {"sending":"attempting"}',
      "e1 UNKNOWN",
      'e1 is in {"sending":"inDoubt"}',
    ])
    expect(frames[1]).toMatchObject({ parentId: "campaign:spring", rootId: "campaign:spring", createdAt: String(at) })
    expect(frames.at(-1)).toMatchObject({
      event: { type: "UNKNOWN", stage: "final-dot" },
      snapshot: {
        status: "active",
        context: { attempt: 1, unknownAttempts: [1], reason: { code: "unknown-final-dot" }, retry: { attempts: 5 } },
      },
    })
  })

  test("shows an ended execution as done", async () => {
    const { frames, observer } = recorded()
    await observer.onEvent(liveExecution("e1")(due, rendered, accepted))
    expect(frames.at(-1)).toMatchObject({
      snapshot: { status: "done", value: "done", context: { outcome: "sent", delivery: "confirmed" } },
    })
  })

  test("shows a campaign's states, once as an actor, never why it is degraded", async () => {
    const { frames, observer } = recorded()
    await observer.onEvent(campaignChanged("running"))
    await observer.onEvent(campaignChanged("degraded", "535 wrong password for ann@acme.test"))
    await observer.onEvent(liveExecution("e1")(due))
    expect(brief(frames).slice(0, 3)).toEqual([
      'campaign:spring appears in "running"',
      'campaign:spring is in "running"',
      'campaign:spring is in "degraded"',
    ])
    expect(frames.filter((frame) => frame.type === "@xstate.actor")).toHaveLength(2)
    expect(JSON.stringify(frames)).not.toContain("password")
  })

  test("gives the inspector the machines to draw, as JSON", async () => {
    const { frames, observer } = recorded({ machines: { execution: executionMachine, campaign: campaignMachine } })
    await observer.onEvent(liveExecution("e1")(due))
    const drawn = frames.flatMap((frame) =>
      frame.type === "@xstate.actor" ? [JSON.parse(frame.definition ?? "null") as { states: object }] : [],
    )
    expect(drawn.map((config) => Object.keys(config.states))).toEqual([
      ["draft", "running", "paused", "degraded", "completed", "cancelled"],
      ["scheduled", "rendering", "sending", "retrying", "done", "cancelled"],
    ])
  })

  test("says nothing about enrolling or lost events, and nothing at all after it was closed", async () => {
    const { frames, calls, observer } = recorded()
    await observer.onEvent({ type: "enrolled", at, campaignId: "spring", created: 1, duplicates: 0 })
    await observer.onEvent({ type: "lagged", at, missed: 3 })
    expect([frames, calls]).toEqual([[], []])
    await observer.onEvent(campaignChanged("running"))
    await observer.close?.()
    expect(calls).toEqual(["start", "stop"])
    const before = frames.length
    await observer.onEvent(campaignChanged("degraded"))
    expect(frames).toHaveLength(before)
  })

  test("stops its adapter also when nothing was ever shown", async () => {
    const { calls, observer } = recorded()
    await observer.close?.()
    expect(calls).toEqual(["stop"])
  })
})

describe("what the inspector may know", () => {
  const canary = "canary-7f3@acme.test"

  test("ids, numbers and codes; no address, no server's words, no provider's id", async () => {
    const { frames, observer } = recorded()
    const change = liveExecution("e1")
    const text = `550 no mailbox for ${canary}, password canary-7f3`
    const rejection = { at, jitterUnit: 0.5, scope: "recipient", retryable: true, code: "550", response: text } as const
    await observer.onEvent(change(due, rendered, { type: "REJECTED", ...rejection }))
    await observer.onEvent(change({ type: "RETRY_DUE", at }, rendered, { type: "UNKNOWN", at, stage: text, text }))
    await observer.onEvent(
      change({
        type: "LATE_RECEIPT",
        at,
        jitterUnit: 0.5,
        attempt: 2,
        outcome: { type: "rejected", ...rejection, code: text, enhancedCode: text },
      }),
    )
    await observer.onEvent(change({ type: "RETRY_DUE", at }, { type: "SUPPRESS", at, code: canary }))
    await observer.onEvent(
      liveExecution("e2")(due, rendered, { type: "ACCEPTED", at, providerId: text, response: text }),
    )
    await observer.onEvent(liveExecution(canary, canary)(due))
    await observer.onEvent({ ...campaignChanged("degraded", text), campaignId: canary } as RuntimeEvent)
    expect(frames.length).toBeGreaterThan(15)
    expect(JSON.stringify(frames)).not.toContain("canary")
    expect(JSON.stringify(frames)).not.toContain("no mailbox")
  })

  test("a field that nobody has listed is left out", async () => {
    const { frames, observer } = recorded()
    const change = liveExecution("e1")(due)
    const later = { ...change.context, lead: { email: canary }, note: "canary-7f3", tokens: ["canary-7f3"], size: 7 }
    await observer.onEvent({ ...change, context: later })
    const last = frames.at(-1)
    expect(last?.type === "@xstate.snapshot" && Object.keys(last.snapshot.context).sort()).toEqual(
      Object.keys(change.context).sort(),
    )
  })
})

describe("sampling", () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => idOf("spring", index))
  const shownOf = async (options: Omit<StatelyOptions, "adapter">, wanted = ids) => {
    const { frames, observer } = recorded(options)
    const ended = liveExecution("e1")(due, rendered, accepted)
    for (const executionId of wanted) await observer.onEvent({ ...ended, executionId })
    return new Set(frames.filter((frame) => frame.sessionId !== "campaign:spring").map((frame) => frame.sessionId))
  }

  test("shows the share that was asked for, the same executions each time", async () => {
    const shown = await shownOf({ sample: 0.1 })
    expect(shown.size / ids.length).toBeGreaterThan(0.08)
    expect(shown.size / ids.length).toBeLessThan(0.12)
    expect(await shownOf({ sample: 0.1 }, [...ids].reverse())).toEqual(shown)
  })

  test("a smaller share is part of a larger one", async () => {
    const larger = await shownOf({ sample: 0.2 })
    for (const id of await shownOf({ sample: 0.1 })) expect(larger.has(id)).toBe(true)
  })

  test("shows one in a hundred unless told otherwise, none at 0, all at 1", async () => {
    const some = await shownOf({ sample: undefined })
    expect(some.size / ids.length).toBeGreaterThan(0.005)
    expect(some.size / ids.length).toBeLessThan(0.015)
    expect((await shownOf({ sample: 0 })).size).toBe(0)
    expect((await shownOf({ sample: 1 }, ids.slice(0, 200))).size).toBe(200)
  })

  test("loads nothing for what is not sampled", async () => {
    const { calls, observer } = recorded({ sample: 0 })
    expect(observer.onEvent(liveExecution("e1")(due))).toBeUndefined()
    expect(calls).toEqual([])
  })

  test("at most maxActors are shown at the same time; one that ends makes room, one that waits does not", async () => {
    const { frames, observer } = recorded({ maxActors: 2 })
    const [first, second, third] = ["e1", "e2", "e3"].map((id) => liveExecution(id))
    const seen = () => new Set(frames.map((frame) => frame.sessionId))
    await observer.onEvent(first?.(due, rendered, unknown) ?? campaignChanged("running"))
    await observer.onEvent(second?.(due, rendered) ?? campaignChanged("running"))
    await observer.onEvent(third?.(due) ?? campaignChanged("running"))
    expect(seen()).toEqual(new Set(["campaign:spring", "e1", "e2"]))
    await observer.onEvent(second?.(accepted) ?? campaignChanged("running"))
    await observer.onEvent(third?.(rendered) ?? campaignChanged("running"))
    expect(seen()).toEqual(new Set(["campaign:spring", "e1", "e2", "e3"]))
  })
})

describe("options", () => {
  const adapter = { send: () => undefined }

  test.each([
    ["sample", { adapter, sample: 1.1 }],
    ["sample", { adapter, sample: -0.1 }],
    ["sample", { adapter, sample: Number.NaN }],
    ["maxActors", { adapter, maxActors: 0 }],
    ["maxActors", { adapter, maxActors: 1.5 }],
    ["maxActors", { adapter, maxActors: Number.POSITIVE_INFINITY }],
    ["adapter", { adapter: {} }],
    ["machines.execution", { adapter, machines: { execution: {} } }],
  ])("%s that makes no sense is refused by name: %o", (field, options) => {
    expect(() => stately(options as StatelyOptions)).toThrow(
      expect.objectContaining({ _tag: "InvalidInput", issues: [expect.objectContaining({ path: field })] }),
    )
  })

  test("a machine that is no JSON is refused when the observer is made, not at its first event", () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(() => stately({ adapter, machines: { execution: { config: loop } } })).toThrow(InvalidInput)
    expect(() => stately({ adapter, machines: { campaign: { config: "x".repeat(200_001) } } })).toThrow(InvalidInput)
  })
})

describe("without the optional packages", () => {
  afterEach(() => {
    vi.doUnmock("@statelyai/inspect")
    vi.doUnmock("ws")
    vi.resetModules()
  })

  const absent = () => {
    throw new Error("Cannot find package")
  }

  test("the first event that would be shown says what to install", async () => {
    vi.resetModules()
    vi.doMock("@statelyai/inspect", absent)
    const fresh = await import("sendstate/observer/stately")
    const observer = fresh.stately({ adapter: { send: () => undefined }, sample: 1 })
    await expect(observer.onEvent(campaignChanged("running"))).rejects.toMatchObject({
      _tag: "MissingDependency",
      code: "missing-dependency",
      dependency: "@statelyai/inspect",
      message: expect.stringContaining("npm install @statelyai/inspect"),
    } satisfies Partial<MissingDependency>)
    await expect(observer.close?.()).resolves.toBeUndefined()
  })

  test("the server says so as well", async () => {
    vi.resetModules()
    vi.doMock("ws", absent)
    const fresh = await import("sendstate/observer/stately")
    await expect(fresh.statelyServer()).rejects.toMatchObject({
      _tag: "MissingDependency",
      message: expect.stringContaining("npm install ws"),
    })
  })
})
