export * from "sendstate/simulation"
export { anyCampaign, templateNames } from "./arbitraries/campaign.ts"
export { anyEventSequence } from "./arbitraries/event-sequence.ts"
export { type ArbitraryHistory, anyHistory } from "./arbitraries/history.ts"
export { anyAddress, anyLead, anyLeads } from "./arbitraries/lead.ts"
export { anyFailures, anyJitterUnit, anyRetryPolicy, type FailedAttempt } from "./arbitraries/retry-policy.ts"
export {
  type ObserverConformanceOptions,
  type ObserverSubject,
  observerConformance,
} from "./conformance/observer/observer-conformance.ts"
export { type RendererConformanceOptions, rendererConformance } from "./conformance/renderer/renderer-conformance.ts"
export type { TestRunner } from "./conformance/runner.ts"
export * as sampleRows from "./conformance/storage/rows.ts"
export { type StorageConformanceOptions, storageConformance } from "./conformance/storage/storage-conformance.ts"
export type { StoreSubject } from "./conformance/storage/subject.ts"
export type { Mood, Received, TransportSubject } from "./conformance/transport/subject.ts"
export {
  type TransportConformanceOptions,
  type TransportTrait,
  transportConformance,
} from "./conformance/transport/transport-conformance.ts"
export { faultyRenderer, type RendererFaultScript } from "./faults/faulty-renderer.ts"
export { type FaultyStorage, faultyStorage, type StorageFault, storageError } from "./faults/faulty-storage.ts"
export { faultyTransport, type TransportFault, type TransportFaultScript } from "./faults/faulty-transport.ts"
export { type RetryLaws, type RetryLawsOptions, retryLaws } from "./retry-laws/retry-laws.ts"
export { ScriptedSmtpServer, type ServerCertificate } from "./smtp-server/scripted-smtp-server.ts"
export type { SmtpAction, SmtpMoment, SmtpScript, SmtpStage, SmtpStep } from "./smtp-server/smtp-script.ts"
export * as smtpScript from "./smtp-server/smtp-script.ts"
