import * as fc from "fast-check"
import { type CampaignEvent, type CampaignRest, campaignMachine, startCampaign, stepCampaign } from "sendstate/machines"
import type { CampaignState } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { createActor } from "xstate"
import { type DirectedGraphNode, getShortestPaths, toDirectedGraph } from "xstate/graph"
import { holds } from "./law.ts"

const events = {
  START: { type: "START" },
  PAUSE: { type: "PAUSE" },
  RESUME: { type: "RESUME" },
  CANCEL: { type: "CANCEL" },
  ENROLL: { type: "ENROLL" },
  REDRIVE: { type: "REDRIVE" },
  CLOSE: { type: "CLOSE" },
  ALL_ENDED: { type: "ALL_ENDED" },
  DEGRADE: { type: "DEGRADE", cause: "the server refuses the password" },
} as const satisfies Record<CampaignEvent["type"], CampaignEvent>

type Name = keyof typeof events

const follow = (...names: ReadonlyArray<Name>): CampaignRest => {
  let rest: CampaignRest = startCampaign("spring")
  for (const name of names) {
    const next = stepCampaign(rest, events[name])
    if (!next.accepted) throw new Error(`${name} is refused in ${rest.state}`)
    rest = { state: next.state, context: next.context }
  }
  return rest
}

// DESIGN 4. What is not listed for a state is refused there.
const table: Record<string, { at: CampaignRest; to: Partial<Record<Name, CampaignState>> }> = {
  draft: { at: follow(), to: { START: "running", CANCEL: "cancelled", CLOSE: "draft" } },
  running: {
    at: follow("START"),
    to: { PAUSE: "paused", CANCEL: "cancelled", CLOSE: "running", DEGRADE: "degraded" },
  },
  "running, enrolling closed": {
    at: follow("START", "CLOSE"),
    to: { PAUSE: "paused", CANCEL: "cancelled", CLOSE: "running", DEGRADE: "degraded", ALL_ENDED: "completed" },
  },
  paused: { at: follow("START", "PAUSE"), to: { RESUME: "running", CANCEL: "cancelled", CLOSE: "paused" } },
  "paused, enrolling closed": {
    at: follow("START", "CLOSE", "PAUSE"),
    to: { RESUME: "running", CANCEL: "cancelled", CLOSE: "paused" },
  },
  degraded: { at: follow("START", "DEGRADE"), to: { RESUME: "running", CANCEL: "cancelled", CLOSE: "degraded" } },
  completed: {
    at: follow("START", "CLOSE", "ALL_ENDED"),
    to: { ENROLL: "running", REDRIVE: "running", CLOSE: "completed" },
  },
  cancelled: { at: follow("CANCEL"), to: {} },
}

const cases = Object.entries(table).flatMap(([state, { at, to }]) =>
  Object.entries(events).map(([name, event]) => ({ state, at, name, event, target: to[name as Name] ?? "refused" })),
)

const anyEvent = fc.constantFrom(...Object.values(events))

describe("the campaign machine", () => {
  test.each(cases)("$state: $name -> $target", ({ at, event, target }) => {
    const step = stepCampaign(at, event)
    expect(step.accepted ? step.state : "refused").toBe(target)
    if (!step.accepted) expect(step.context).toBe(at.context)
  })

  test("keeps why it is degraded until it is resumed", () => {
    const degraded = follow("START", "DEGRADE")
    expect(degraded.context.cause).toBe("the server refuses the password")
    expect(stepCampaign(degraded, events.RESUME).context.cause).toBeNull()
  })

  test("completes only after enrolling was closed, also when it was closed while paused", () => {
    expect(stepCampaign(follow("START"), events.ALL_ENDED).accepted).toBe(false)
    expect(follow("START", "PAUSE", "CLOSE", "RESUME", "ALL_ENDED").state).toBe("completed")
  })

  test("driver and full actor agree after every event, and the context is JSON", () => {
    const reached = new Set<CampaignState>()
    holds(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 30, size: "max" }), (history) => {
        const actor = createActor(campaignMachine, { input: { id: "spring" } }).start()
        let rest: CampaignRest = startCampaign("spring")
        for (const event of history) {
          const could = actor.getSnapshot().can(event)
          actor.send(event)
          const step = stepCampaign(rest, event)
          expect(step.accepted).toBe(could)
          expect(step.state).toBe(actor.getSnapshot().value)
          expect(step.context).toStrictEqual(actor.getSnapshot().context)
          expect(JSON.parse(JSON.stringify(step.context))).toStrictEqual(step.context)
          rest = { state: step.state, context: step.context }
          reached.add(rest.state)
        }
        actor.stop()
      }),
    )
    expect([...reached].sort()).toEqual(["cancelled", "completed", "degraded", "draft", "paused", "running"])
  })

  test("opens as a graph in which every state has a path", () => {
    const names = (node: DirectedGraphNode): ReadonlyArray<string> => [node.id, ...node.children.flatMap(names)]
    expect(names(toDirectedGraph(campaignMachine))).toEqual([
      "campaign",
      "campaign.draft",
      "campaign.running",
      "campaign.paused",
      "campaign.degraded",
      "campaign.completed",
      "campaign.cancelled",
    ])
    const paths = getShortestPaths(campaignMachine, { input: { id: "spring" }, events: Object.values(events) })
    expect(new Set(paths.map(({ state }) => state.value)).size).toBe(6)
  })
})
