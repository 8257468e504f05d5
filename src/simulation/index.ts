export type { CalendarSpan } from "./calendar.ts"
export {
  type EventModel,
  type SimulatedFaults,
  type SimulatedSend,
  type SimulatedSignal,
  type SimulateOptions,
  type Simulation,
  simulate,
} from "./simulate.ts"
export type { ModelledMail, TransportModel } from "./transport-model.ts"
