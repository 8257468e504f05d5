/**
 * A campaign's machines as Stately's inspector sees them: node --conditions=sendstate-source examples/inspector.ts
 *
 * Here a receiver of @statelyai/inspect prints what comes over the WebSocket. In an own program open
 * `server.viewerUrl` in a browser instead.
 */
import assert from "node:assert/strict"
import { createWebSocketReceiver, type StatelyInspectionEvent } from "@statelyai/inspect"
import { createRuntime } from "sendstate"
import { campaignMachine, executionMachine } from "sendstate/machines"
import { stately, statelyServer } from "sendstate/observer/stately"
import { handlebars } from "sendstate/renderer/handlebars"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { memory as memoryTransport } from "sendstate/transport/memory"

const server = await statelyServer()
const frames: Array<StatelyInspectionEvent> = []
createWebSocketReceiver({ server: server.webSocketUrl }).subscribe((frame) => {
  frames.push(frame)
  const what = frame.type === "@xstate.event" ? frame.event.type : ""
  console.log(frame.type.padEnd(17), frame.sessionId.padEnd(26), what)
})

const runtime = await createRuntime({
  storage: memoryStorage(),
  transport: memoryTransport(),
  renderer: handlebars({ templates: { hello: { subject: "Hello", html: "<p>Hello</p>" } } }),
  // A real campaign keeps the default sample of 1 %: inspected actors cost more than they are worth by the thousand.
  observers: [
    stately({ adapter: server, sample: 1, machines: { execution: executionMachine, campaign: campaignMachine } }),
  ],
})
const campaign = await runtime.campaigns.create({
  id: "seen",
  from: "ann@acme.example",
  steps: [{ template: "hello" }],
})
await campaign.enroll([{ email: "ann@mail.example" }, { email: "bob@mail.example" }])
await campaign.close()
await campaign.completed()

const isOver = (): boolean => frames.filter((frame) => JSON.stringify(frame).includes("ACCEPTED")).length >= 2
for (let waited = 0; waited < 5_000 && !isOver(); waited += 20) await new Promise((resolve) => setTimeout(resolve, 20))
await runtime.close()

assert.ok(isOver(), "both executions were seen to the end")
assert.ok(!JSON.stringify(frames).includes("@mail.example"), "no address is shown to an inspector")
process.exit(0) // the receiver would try to connect again for ever
