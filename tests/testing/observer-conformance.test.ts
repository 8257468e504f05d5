import { stately } from "sendstate/observer/stately"
import type { Observer, RuntimeEvent } from "sendstate/sdk"
import { observerConformance } from "sendstate/testing"
import { describe, expect, it } from "vitest"
import { failuresOf } from "./collecting-runner.ts"

const careful = () => {
  const lines: Array<string> = []
  const observer: Observer = {
    name: "lines",
    onEvent: (event: RuntimeEvent) =>
      void lines.push(event.type === "execution" ? `${event.executionId} ${event.state}` : event.type),
  }
  return { observer, output: () => lines.join("\n") }
}

observerConformance({ describe, it }, { name: "lines", create: careful })
observerConformance(
  { describe, it },
  {
    name: "stately",
    create: () => {
      const frames: Array<unknown> = []
      return {
        observer: stately({ sample: 1, adapter: { send: (frame) => void frames.push(frame) } }),
        output: () => JSON.stringify(frames),
      }
    },
  },
)

const breaks: Readonly<Record<string, (made: ReturnType<typeof careful>) => Partial<ReturnType<typeof careful>>>> = {
  "it shows a server's words": () => {
    let text = ""
    return {
      observer: {
        name: "shows",
        onEvent: (event) => {
          text += JSON.stringify(event)
        },
      },
      output: () => text,
    }
  },
  "it throws for what it does not know": ({ observer }) => ({
    observer: {
      ...observer,
      onEvent: (event) => {
        if (event.type === "lagged") throw new Error("what?")
      },
    },
  }),
  "it changes events": () => ({
    observer: {
      name: "changes",
      onEvent: (event) => {
        Object.assign(event, { at: 0 })
      },
    },
  }),
  "it breaks when it is closed": ({ observer }) => ({
    observer: { ...observer, close: () => Promise.reject(new Error("no")) },
  }),
}

describe("the suite fails for an observer with one rule broken", () => {
  it.each(Object.entries(breaks))("%s", async (_name, broken) => {
    const failures = await failuresOf((runner) =>
      observerConformance(runner, {
        name: "observer",
        create: () => {
          const made = careful()
          return { ...made, ...broken(made) }
        },
      }),
    )
    expect(failures.length).toBeGreaterThan(0)
  })
})
