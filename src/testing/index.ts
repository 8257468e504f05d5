export type { TestRunner } from "./conformance/runner.ts"
export * as sampleRows from "./conformance/storage/rows.ts"
export { type StorageConformanceOptions, storageConformance } from "./conformance/storage/storage-conformance.ts"
export type { StoreSubject } from "./conformance/storage/subject.ts"
