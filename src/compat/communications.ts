// Real time: the sink is the host's, and works in it.
import { setTimeout as sleep } from "node:timers/promises"
import type { ExecutionRow } from "sendstate/sdk"
import type { Access } from "./access.ts"
import type { Engine } from "./engine.ts"
import { renderTemplate } from "./rendering.ts"
import { identityOf } from "./shown-execution.ts"
import type { Communication } from "./sources.ts"

/** How long a sink is waited for; what it does goes on. */
const patienceMs = 5_000

/** Records sent mails. A sink that fails, or does not answer, is reported and holds up nothing. */
export class Recorder {
  readonly #core: Engine
  readonly #access: Access
  /** Calls that were not waited for any longer; while there are any, no other is waited for. */
  #unanswered = 0

  constructor(core: Engine, access: Access) {
    this.#core = core
    this.#access = access
  }

  async record(row: ExecutionRow, sentAt: number): Promise<void> {
    const core = this.#core
    const what = `Recording the communication of execution ${row.id}`
    let hasEnded = false
    const recording = core
      .attempt(what, async () => core.record(await this.#communicationOf(row, sentAt), row.id))
      .then(() => {
        hasEnded = true
      })
    if (this.#unanswered === 0) await withinPatience(recording)
    if (hasEnded) return
    if (this.#unanswered === 0) core.warn(`${what} takes longer than ${patienceMs / 1_000} s, and is not waited for.`)
    this.#unanswered += 1
    void recording.then(() => {
      this.#unanswered -= 1
    })
  }

  async #communicationOf(row: ExecutionRow, sentAt: number): Promise<Communication> {
    const templateId = await this.#access.templateName(row)
    return {
      leadId: row.leadId,
      channel: "email",
      direction: "outbound",
      subject: await this.#subjectOf(row, templateId),
      campaignId: row.campaignId,
      templateId,
      executionId: identityOf(row.id).id,
      sentAt: new Date(sentAt),
    }
  }

  // The mail's own subject is gone when the process that sent it is: then it is what the template gives now.
  async #subjectOf(row: ExecutionRow, templateId: string): Promise<string> {
    return (
      this.#core.subjects.take(row.id) ??
      (await renderTemplate(this.#core, templateId, row.leadId))?.subject ??
      templateId
    )
  }
}

const withinPatience = async (recording: Promise<void>): Promise<void> => {
  const end = new AbortController()
  // It is ended early where there is nothing to wait for any more.
  const patience = sleep(patienceMs, undefined, { signal: end.signal }).catch(() => undefined)
  await Promise.race([recording, patience])
  end.abort()
}
