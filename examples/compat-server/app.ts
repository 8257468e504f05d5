import express, { type ErrorRequestHandler, type Express } from "express"
import { campaignOrchestrator, executionMonitor, executionScheduler, leadAssignmentService } from "sendstate/compat"

const onError: ErrorRequestHandler = (error, _request, response, _next) => {
  response.status(400).json({ error: error instanceof Error ? error.message : "unknown" })
}

/** A server as it was written for the old system: nothing in it knows what runs underneath. */
export const app = (): Express => {
  const server = express()
  server.use(express.json())

  server.post("/campaigns/:id/executions", async (request, response) => {
    const { leadId, templateId, scheduledFor } = request.body
    const id = await executionScheduler.scheduleEmailCampaign(
      request.params.id,
      leadId,
      templateId,
      new Date(scheduledFor),
    )
    response.status(201).json({ id })
  })
  server.get("/campaigns/:id/executions", (request, response) => {
    response.json(executionMonitor.getCampaignExecutions(request.params.id))
  })
  server.post("/campaigns/:id/trigger", async (request, response) => {
    const { leadIds, templateSequence } = request.body
    await leadAssignmentService.triggerCampaign(request.params.id, leadIds, templateSequence)
    response.status(202).json({ triggered: leadIds.length })
  })
  server.get("/executions/:id", (request, response) => {
    const execution = campaignOrchestrator.getExecutionStatus(request.params.id)
    if (execution === undefined) response.status(404).json({ error: "no such execution" })
    else response.json(execution)
  })
  server.delete("/executions/:id", (request, response) => {
    response.json({ cancelled: campaignOrchestrator.cancelExecution(request.params.id) })
  })
  server.post("/executions/:id/process", async (request, response) => {
    response.json({ processed: await campaignOrchestrator.forceProcessExecution(request.params.id) })
  })
  server.get("/stats", async (_request, response) => {
    response.json(await campaignOrchestrator.getExecutionStats())
  })
  server.get("/report", (_request, response) => {
    response.json(campaignOrchestrator.getExecutionReport())
  })
  server.get("/health", (_request, response) => {
    response.json(campaignOrchestrator.getHealthStatus())
  })
  server.use(onError)
  return server
}
