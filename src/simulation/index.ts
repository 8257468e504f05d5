export type { SimulatedAction } from "./action.ts"
export type { CalendarSpan } from "./calendar.ts"
export type { SimulatedAttempts, SimulatedSend, SimulatedTransport } from "./modelled-network.ts"
export {
  type EventModel,
  type SignalModel,
  type SimulatedFaults,
  type SimulatedSignal,
  type SimulateOptions,
  type Simulation,
  simulate,
} from "./simulate.ts"
export type { ModelledMail, TransportModel, TransportRouteModel } from "./transport-model.ts"
