import process from "node:process"
import { createRuntime } from "sendstate"
import type { RenderInput } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { memory } from "sendstate/transport/memory"
import { campaign, crowd, renderer } from "./mail.ts"

/** A process that dies, as by a power cut, whenever it renders the mail of one lead. Its exit code 0 means: all have ended. */
const run = async (file: string): Promise<void> => {
  const whole = renderer()
  const runtime = await createRuntime({
    storage: sqlite(file),
    transport: memory(),
    renderer: renderer({
      prepare: (compiled) => {
        const prepared = whole.prepare(compiled)
        return {
          ...prepared,
          render: (input: RenderInput) => {
            if ((input.variables.lead as { email: string }).email.startsWith("lead3@"))
              process.kill(process.pid, "SIGKILL")
            return prepared.render(input)
          },
        }
      },
    }),
  })
  const spring = await runtime.campaigns.create(campaign(), { draft: true })
  if (spring.status().state === "draft") {
    await spring.enroll(crowd(12))
    await spring.close()
    await spring.start()
  }
  await spring.completed()
  await runtime.close()
}

const file = process.argv[2]
if (file !== undefined) await run(file)
