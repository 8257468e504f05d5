import { executionMachine } from "sendstate/machines"
import type { ExecutionEvent } from "sendstate/sdk"
import { expect, test } from "vitest"
import { type DirectedGraphNode, getShortestPaths, toDirectedGraph } from "xstate/graph"
import {
  accepted,
  at,
  cancel,
  due,
  failed,
  lateReceipt,
  notCalled,
  policy,
  redrive,
  rejected,
  rendered,
  resolve,
  retryDue,
  unknown,
} from "./story.ts"

const statesOf = (node: DirectedGraphNode): ReadonlyArray<string> => [node.id, ...node.children.flatMap(statesOf)]
const edgesOf = (node: DirectedGraphNode): ReadonlyArray<string> => [
  ...node.edges.map((edge) => `${edge.source.id} ${edge.label.text} ${edge.target.id}`),
  ...node.children.flatMap(edgesOf),
]

test("the machine draws as a graph of all its states, JSON without an actor", () => {
  const graph = toDirectedGraph(executionMachine)
  expect(statesOf(graph)).toEqual([
    "execution",
    "execution.scheduled",
    "execution.rendering",
    "execution.sending",
    "execution.sending.attempting",
    "execution.sending.inDoubt",
    "execution.retrying",
    "execution.done",
    "execution.cancelled",
  ])
  expect(edgesOf(graph)).toContain("execution.sending.inDoubt RESOLVE execution.retrying")
  expect(edgesOf(graph)).toContain("execution.done REDRIVE execution.retrying")
  expect(() => JSON.stringify(graph)).not.toThrow()
})

test("its config is JSON but for the context, so that Stately's tools open it", () => {
  const config = JSON.parse(JSON.stringify(executionMachine.config)) as { states: object; initial: string }
  expect(config.initial).toBe("scheduled")
  expect(Object.keys(config.states)).toHaveLength(6)
})

test("every state is reached by a path of events", () => {
  const events: ReadonlyArray<ExecutionEvent> = [
    due,
    retryDue,
    rendered,
    accepted,
    unknown,
    cancel,
    failed({ retryable: true }),
    failed(),
    rejected(),
    notCalled(),
    resolve({ verdict: "sent" }),
    resolve(),
    lateReceipt({ type: "accepted" }),
    redrive(true),
    { type: "SUPPRESS", at, code: "unsubscribed" },
    { type: "SKIP", at, code: "condition" },
  ]
  const paths = getShortestPaths(executionMachine, {
    input: { id: "e1", retry: policy, dueAt: at },
    events,
    limit: 20_000,
    serializeState: ({ value, context }) =>
      JSON.stringify([value, context.outcome, context.delivery, context.unknownAttempts.length > 0]),
    stopWhen: ({ context }) => context.attempt > 2,
  })
  const reached = new Set(paths.map(({ state }) => JSON.stringify([state.value, state.context.outcome])))
  expect([...reached].sort()).toEqual(
    [
      ["scheduled", null],
      ["rendering", null],
      [{ sending: "attempting" }, null],
      [{ sending: "inDoubt" }, null],
      ["retrying", null],
      ["done", "sent"],
      ["done", "failed"],
      ["done", "suppressed"],
      ["done", "skipped"],
      ["cancelled", null],
    ]
      .map((place) => JSON.stringify(place))
      .sort(),
  )
  const doubtful = paths.find(({ state }) => state.matches({ sending: "inDoubt" }))
  expect(doubtful?.steps.map((step) => step.event.type).slice(1)).toEqual(["DUE", "RENDERED", "UNKNOWN"])
})
