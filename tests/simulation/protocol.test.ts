/** Each test is the story that one rule of the send protocol keeps from going wrong, played by production code. */
import { expect, test } from "vitest"
import type { Fate, Faults, RequestFault } from "../../sim/faults/faults.ts"
import { begin, campaignOn, play, until } from "../../sim/play.ts"
import type { SimWorld } from "../../sim/world/sim-world.ts"
import { type ProtocolRule, protocolRules } from "./protocol-rules.ts"

const minute = 60_000

const told = new Set<ProtocolRule>()

/** The scene that goes wrong without this rule. */
const scene = (rule: ProtocolRule, title: string, body: () => Promise<void>): void => {
  told.add(rule)
  test(`${rule}: ${title}`, body)
}

const only = (world: SimWorld) => {
  const [row] = world.durable.rows()
  if (row === undefined) throw new Error("There is no execution.")
  return row
}

const types = (world: SimWorld): ReadonlyArray<string> =>
  world.durable.history(only(world).id).map((event) => event.type)

/** Freezes the first host at an await, once, by default the first time; the second one claims nothing unless it may. */
const freezing =
  (
    where: string,
    forMs: number,
    { rightClaims = false, time = 1 }: { readonly rightClaims?: boolean; readonly time?: number } = {},
  ) =>
  (world: () => SimWorld): Partial<Faults> => {
    let isDone = false
    let times = 0
    return {
      request: (method, host): RequestFault =>
        host === "right" && method === "claimDue" && !rightClaims ? "requestLost" : "none",
      freezes: (at, host) => {
        if (isDone || host !== "left" || !at.startsWith(where)) return 0
        // Not at the opening, when nothing is enrolled yet.
        if (world().durable.rows().length === 0) return 0
        times += 1
        if (times < time) return 0
        isDone = true
        return forMs
      },
    }
  }

/** How many requests of this name landed after their owner had given them up. */
const landings = (world: SimWorld, method: string): number =>
  world.story.lines.filter((line) => line.endsWith(`a late ${method} lands`)).length

const fatesOf =
  (...fates: ReadonlyArray<Fate | "accepted">) =>
  (): Partial<Faults> => {
    const left = [...fates]
    return { fate: () => left.shift() ?? "accepted" }
  }

const isOver = (world: SimWorld) => (): boolean => ["done", "cancelled"].includes(only(world).state)

/** As {@link begin}; resolves when the first host stands still where {@link freezing} says. */
const beginAndFreeze = async (world: SimWorld): Promise<void> => {
  await begin(world)
  await until(world, () => world.story.lines.some((line) => line.includes("left freezes")), 1)
}

const rightIsUp = async (world: SimWorld): Promise<Awaited<ReturnType<typeof campaignOn>>> => {
  void world.hosts[1]?.live()
  return campaignOn(world, 1)
}

scene(
  "signalFences",
  "a cancel on a lease that is over fences off the owner that was frozen: its intent comes too late",
  async () => {
    await play({ storage: "shared", faults: freezing("after the request documents", 3 * minute) }, async (world) => {
      await beginAndFreeze(world)
      const { runtime } = await rightIsUp(world)
      await world.time.sleep(70_000)
      const answer = await runtime.executions.cancel(only(world).id)
      expect(answer).toBe("cancelled")
      world.acknowledge("cancel", only(world).id)
      await world.time.sleep(10 * minute)
      expect(only(world).state).toBe("cancelled")
      expect(world.server.total).toBe(0)
    })
  },
)

scene("intentSeesFlags", "an intent is refused while a cancel waits on its row", async () => {
  await play({ storage: "shared", faults: freezing("after the request documents", 20_000) }, async (world) => {
    await beginAndFreeze(world)
    const { runtime } = await rightIsUp(world)
    expect(await runtime.executions.cancel(only(world).id)).toBe("requested")
    await until(world, isOver(world))
    expect(only(world).state).toBe("cancelled")
    expect(only(world).context.delivery).toBeNull()
    expect(world.server.total).toBe(0)
  })
})

scene(
  "receiptIgnoresFlags",
  "a cancel that comes during a send answers too late, and the receipt is not refused for it",
  async () => {
    await play({ transport: { latencyMs: 200, deadlineMs: 60_000 } }, async (world) => {
      await begin(world)
      const { runtime } = await campaignOn(world)
      await until(world, () => only(world).state === "sending.attempting", 50)
      expect(await runtime.executions.cancel(only(world).id)).toBe("tooLate")
      expect(only(world).context).toMatchObject({ outcome: "sent", delivery: "confirmed" })
    })
  },
)

scene("suppressAtomic", "an unsubscribe between rendering and intent is seen by the intent", async () => {
  // The second question is whether the address is suppressed.
  const faults = freezing("after the request documents", 20_000, { time: 2 })
  await play({ storage: "shared", faults }, async (world) => {
    await beginAndFreeze(world)
    const { runtime } = await rightIsUp(world)
    const grant = world.acknowledged.suppressionOf("lead-0").ask()
    await runtime.suppress("lead-0@x.test")
    grant()
    await until(world, isOver(world))
    expect(only(world).context.outcome).toBe("suppressed")
    expect(types(world)).not.toContain("RENDERED")
    expect(world.server.total).toBe(0)
  })
})

scene(
  "stickyDoubt",
  "doubt stays with an execution that was resolved as not sent: its cancel is answered in doubt",
  async () => {
    await play({ faults: fatesOf("replyLost") }, async (world) => {
      await begin(world)
      const { runtime, campaign } = await campaignOn(world)
      await until(world, () => only(world).state === "sending.inDoubt")
      await campaign.pause()
      expect(await runtime.executions.resolve(only(world).id, "notSent")).toBe("applied")
      expect(await runtime.executions.cancel(only(world).id)).toBe("inDoubt")
      expect(only(world)).toMatchObject({ state: "cancelled", context: { delivery: "unknown" } })
    })
  },
)

scene("lateReceipt", "a receipt of an owner that lost its lease is taken as evidence", async () => {
  const faults = freezing("after the handoff", 5 * minute, { rightClaims: true })
  await play({ storage: "shared", faults }, async (world) => {
    await beginAndFreeze(world)
    await rightIsUp(world)
    await until(world, () => only(world).state === "sending.inDoubt")
    await until(world, isOver(world))
    expect(types(world).slice(-2)).toEqual(["UNKNOWN", "LATE_RECEIPT"])
    expect(only(world)).toMatchObject({ dueAt: null, context: { delivery: "confirmed", doubts: 1 } })
    expect(world.server.total).toBe(1)
  })
})

scene("fullTable", "an acceptance that comes late ends an execution that waits for its next try", async () => {
  const retry = { baseMs: 10 * minute }
  await play({ onUnknown: "resend", retry, faults: fatesOf("acceptsLate") }, async (world) => {
    await begin(world)
    await until(world, isOver(world))
    expect(types(world).slice(-3)).toEqual(["UNKNOWN", "RESOLVE", "LATE_RECEIPT"])
    expect(world.server.total).toBe(1)
  })
})

scene("pausedRecovery", "an intent whose process died is settled while the campaign is paused", async () => {
  const faults = (world: () => SimWorld): Partial<Faults> => ({
    crashes: (where, host) => host === "left" && where.startsWith("after the handoff") && world().crashes === 0,
  })
  await play({ storage: "shared", onUnknown: "assumeSent", faults }, async (world) => {
    await begin(world)
    await until(world, () => world.crashes === 1, 10)
    const { campaign } = await rightIsUp(world)
    const grant = world.acknowledged.pause.ask()
    expect(await campaign.pause()).toBe(true)
    grant()
    await until(world, isOver(world))
    expect(only(world).context).toMatchObject({ outcome: "sent", delivery: "unconfirmed", doubts: 1 })
  })
})

scene("flagFirst", "who claims a row applies the cancel that waits on it before anything else", async () => {
  await play({ storage: "shared", faults: freezing("after the request documents", 10 * minute) }, async (world) => {
    await beginAndFreeze(world)
    const { runtime } = await rightIsUp(world)
    expect(await runtime.executions.cancel(only(world).id)).toBe("requested")
    world.hosts[0]?.crash("with a cancel on its row")
    await until(world, isOver(world))
    expect(types(world)).toEqual(["SCHEDULED", "CANCEL"])
  })
})

scene("exhaustedStaysDoubt", "out of attempts, the policy resend leaves doubt in doubt", async () => {
  await play({ onUnknown: "resend", retry: { attempts: 1 }, faults: fatesOf("replyLost") }, async (world) => {
    await begin(world)
    await world.time.sleep(60 * minute)
    expect(only(world).state).toBe("sending.inDoubt")
    expect(world.server.total).toBe(1)
  })
})

scene(
  "versionCas",
  "an intent that its owner gave up on does not land once more while the call is under way",
  async () => {
    const faults = (): Partial<Faults> => {
      let commits = 0
      return { request: (method) => (method === "commit" && ++commits === 1 ? "landsLate" : "none") }
    }
    const transport = { latencyMs: minute, deadlineMs: 30 * minute }
    await play({ storage: "shared", transport, faults }, async (world) => {
      await begin(world)
      await until(world, () => landings(world, "commit") === 1)
      // Token and version both tell it from its repetition; the storage suite looks at each by itself.
      expect(only(world).state).toBe("sending.attempting")
      await until(world, isOver(world))
      expect(types(world)).toEqual(["SCHEDULED", "DUE", "RENDERED", "ACCEPTED"])
      expect(world.server.total).toBe(1)
    })
  },
)

scene("handoffKnown", "a process that is told to end between intent and handoff leaves no doubt", async () => {
  await play({ transport: { deadlineMs: 60_000 }, faults: fatesOf("hangsBefore") }, async (world) => {
    await begin(world)
    await until(world, () => only(world).state === "sending.attempting", 50)
    await world.hosts[0]?.terminate(1_000)
    await until(world, isOver(world))
    expect(types(world)).toEqual(["SCHEDULED", "DUE", "RENDERED", "NOT_CALLED", "RETRY_DUE", "RENDERED", "ACCEPTED"])
    expect(only(world).context).toMatchObject({ used: 1, doubts: 0, outcome: "sent", delivery: "confirmed" })
    expect(world.server.total).toBe(1)
  })
})

scene(
  "selfFence",
  "a process that was frozen between intent and call does not call, and uses up no attempt",
  async () => {
    await play({ storage: "shared", faults: freezing("after the request commit", 33_000) }, async (world) => {
      await beginAndFreeze(world)
      await until(world, isOver(world))
      expect(types(world)).toContain("NOT_CALLED")
      expect(only(world).context).toMatchObject({ used: 1, doubts: 0, outcome: "sent" })
      expect(world.server.total).toBe(1)
    })
  },
)

scene(
  "selfFence",
  "no second copy starts while a frozen process could still make the first: it fences itself",
  async () => {
    const faults = freezing("after the request commit", 5 * minute, { rightClaims: true })
    await play({ storage: "shared", onUnknown: "resend", faults }, async (world) => {
      await beginAndFreeze(world)
      await rightIsUp(world)
      await until(world, isOver(world))
      await world.time.sleep(10 * minute)
      expect(only(world).context.doubts).toBe(1)
      expect(world.server.total).toBe(1)
    })
  },
)

scene(
  "doubtWaits",
  "a send under way is not judged before the transport's deadline and the grace are over",
  async () => {
    const faults = freezing("after the handoff", 5 * minute, { rightClaims: true })
    await play({ storage: "shared", faults }, async (world) => {
      await beginAndFreeze(world)
      await rightIsUp(world)
      await until(world, () => only(world).state === "sending.inDoubt")
      const history = world.durable.history(only(world).id)
      const at = (type: string): number => history.find((event) => event.type === type)?.at ?? 0
      expect(at("UNKNOWN") - at("RENDERED")).toBeGreaterThanOrEqual(world.options.transport.deadlineMs + 30_000)
    })
  },
)

scene("renderBounded", "rendering that fails for now uses up attempts", async () => {
  await play({ faults: () => ({ render: () => "busy" }) }, async (world) => {
    await begin(world)
    await until(world, isOver(world))
    expect(only(world).context).toMatchObject({ outcome: "failed", attempt: 3, used: 3 })
  })
})

scene("renewTerminal", "a renewal that lands when its row has ended does not revive it", async () => {
  const faults = (): Partial<Faults> => ({ request: (method) => (method === "renew" ? "landsLate" : "none") })
  const transport = { latencyMs: minute, deadlineMs: 30 * minute }
  await play({ storage: "shared", transport, faults }, async (world) => {
    await begin(world)
    await until(world, isOver(world))
    const before = landings(world, "renew")
    await world.time.sleep(10 * minute)
    expect(landings(world, "renew")).toBeGreaterThan(before)
    expect(only(world)).toMatchObject({ state: "done", dueAt: null, owner: null })
    expect(world.server.total).toBe(1)
  })
})

test("a crash at any await loses no mail and no step, and each second copy was reported in doubt", async () => {
  let crashedWorlds = 0
  for (let point = 1; point <= 40; point += 1) {
    const faults = (): Partial<Faults> => {
      let passed = 0
      return { crashes: () => ++passed === point }
    }
    await play({ steps: 2, onUnknown: "resend", faults }, async (world) => {
      await begin(world)
      await until(world, () => world.durable.rows().filter(({ state }) => state === "done").length === 2, 10_000)
      crashedWorlds += world.crashes
    })
  }
  // Fewer awaits than that, and the last worlds would have proven nothing.
  expect(crashedWorlds).toBe(40)
})

test("an acceptance that comes while its doubt is settled by a lookup is not forgotten", async () => {
  const deadlineMs = 5_000
  // Accepted just after the call was given up, while the other side is still asked what became of it.
  await play(
    {
      onUnknown: "assumeSent",
      transport: { lookup: true, latencyMs: 3_100, deadlineMs },
      faults: () => ({}),
      seed: 2,
    },
    async (world) => {
      await begin(world)
      await until(world, isOver(world))
      await world.time.sleep(20 * minute)
      expect(types(world)).toContain("LATE_RECEIPT")
      expect(world.server.total).toBe(1)
    },
  )
})

test("a process that was frozen before it handed a mail over does not hand it over when its deadline has passed", async () => {
  await play(
    {
      storage: "shared",
      transport: { lookup: true, deadlineMs: 30_000 },
      faults: freezing("before the handoff", 4 * minute, { rightClaims: true }),
    },
    async (world) => {
      await beginAndFreeze(world)
      const { runtime } = await rightIsUp(world)
      await world.time.sleep(minute / 2)
      await runtime.suppress(`${only(world).leadId}@x.test`)
      await until(world, isOver(world))
      await world.time.sleep(10 * minute)
      expect(only(world)).toMatchObject({ state: "done", context: { outcome: "suppressed", delivery: null } })
      expect(world.server.total).toBe(0)
    },
  )
})

test("each rule of the protocol has its scene", () => {
  expect([...told].sort()).toEqual(Object.keys(protocolRules).sort())
})
