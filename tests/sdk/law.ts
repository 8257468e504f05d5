import * as fc from "fast-check"

/** Checks a synchronous property; throws with the smallest counter-example. */
export const holds = <Values>(property: fc.IProperty<Values>, parameters?: fc.Parameters<Values>): void =>
  fc.assert(property, parameters)
