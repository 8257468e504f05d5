import type { ExecutionRow } from "sendstate/sdk"
import type { Access } from "./access.ts"
import type { Engine } from "./engine.ts"
import { renderTemplate } from "./rendering.ts"
import { identityOf } from "./shown-execution.ts"

// The mail's own subject is gone when the process that sent it is: then it is what the template gives now.
const subjectOf = async (core: Engine, row: ExecutionRow, templateId: string): Promise<string> =>
  core.subjects.take(row.id) ?? (await renderTemplate(core, templateId, row.leadId))?.subject ?? templateId

/** Records a sent mail. A sink that fails is reported, and changes nothing. */
export const recordSent = (core: Engine, access: Access, row: ExecutionRow, sentAt: number): Promise<void> =>
  core.attempt(`Recording the communication of execution ${row.id}`, async () => {
    const templateId = await access.templateName(row)
    await core.communications.record({
      leadId: row.leadId,
      channel: "email",
      direction: "outbound",
      subject: await subjectOf(core, row, templateId),
      campaignId: row.campaignId,
      templateId,
      executionId: identityOf(row.id).id,
      sentAt: new Date(sentAt),
    })
  })
