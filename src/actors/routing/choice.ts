import { failedInARow } from "../../machines/index.ts"
import type { ExecutionContext, Reason } from "../../sdk/index.ts"
import type { Sender } from "../sender.ts"
import type { TransportGate } from "../transport-gate.ts"
import type { Refusals } from "./refusals.ts"
import type { RouteSettings } from "./transport-route.ts"

/** A transport with what stands before it. */
export interface Route extends RouteSettings {
  readonly gate: TransportGate
  readonly sender: Sender
  readonly refusals: Refusals
}

/** What is asked of a route. */
export interface RoutedMail {
  /** Domain of the From address. */
  readonly sender: string
  readonly context: ExecutionContext
}

/** What a choice goes by, beside the mail. */
export interface ChoiceContext {
  /** Of elapsedMs. */
  readonly now: number
  readonly random: () => number
  /** How long the limit of a transport would hold the mail up, milliseconds. */
  readonly waitFor: (transport: string) => number
}

/** Where a mail goes, or how long it waits. */
export type Choice =
  | { readonly route: Route; readonly mayLeave: boolean }
  | { readonly waitMs: number; readonly reason: Reason }

/** How often it is looked whether a transport that is missed is configured again, milliseconds. */
const missingPauseMs = 600_000

/** Whether the route takes mails from this domain. */
export const takes = ({ senders }: Route, sender: string): boolean => senders === undefined || senders.has(sender)

/** Whether its host is known to take mails. */
export const isUp = ({ gate }: Route): boolean => gate.view().circuit === "closed"

/** Why doubt about a mail is not settled by itself: the transport that may have it is not there. */
export const missingText = (via: string | undefined): string =>
  via === undefined
    ? "it went out before there were several transports, and only the one that may have it can tell: resolve it by hand"
    : `the transport "${via}" may have it, and is not configured: configure it again, or resolve it by hand`

// All of them, where none is like that.
const preferring = (routes: ReadonlyArray<Route>, isLiked: (route: Route) => boolean): ReadonlyArray<Route> => {
  const liked = routes.filter(isLiked)
  return liked.length === 0 ? routes : liked
}

const byWeight = (routes: ReadonlyArray<Route>, random: () => number): Route | undefined => {
  const [first, ...others] = routes.filter(({ weight }) => weight > 0)
  if (first === undefined) return routes[0]
  if (others.length === 0) return first
  let left = random() * routes.reduce((sum, { weight }) => sum + weight, 0)
  for (const route of [first, ...others]) {
    left -= route.weight
    if (left < 0) return route
  }
  return first
}

// A spare one has nothing to do with limits: it is for when the others are out.
const withRoom = (routes: ReadonlyArray<Route>, waitFor: ChoiceContext["waitFor"]): ReadonlyArray<Route> => {
  const waits = preferring(routes, ({ weight }) => weight > 0).map((route) => ({ route, waitMs: waitFor(route.name) }))
  const least = Math.min(...waits.map(({ waitMs }) => waitMs))
  return waits.filter(({ waitMs }) => waitMs === least).map(({ route }) => route)
}

// A mail that may have been sent is nobody else's: only the transport that may have it knows what a second one is.
const bound = (route: Route | undefined, isLeft: boolean, { sender, context }: RoutedMail, now: number): Choice => {
  if (route === undefined)
    return { waitMs: missingPauseMs, reason: { code: "transport-missing", text: missingText(context.via) } }
  const waitMs = route.refusals.waitMs(sender, now)
  // Where all refuse, it is for the campaign to stop; and a provider does not remember a key for ever.
  if (waitMs === undefined || !isLeft || context.safeResend || route.refusals.takeTrial(sender, now))
    return { route, mayLeave: false }
  const text = `the transport "${route.name}" may have it, and refuses what comes from ${sender}`
  return { waitMs, reason: { code: "transport-refuses", text } }
}

/**
 * The transports of which any may take the mail now, as far as is known before it is its turn: those whose hosts are up and
 * that have not failed it, or all of them where none is so. In doubt: where it was. Those that chooseRoute would choose among:
 * else it would be put off until one has room that does not get it.
 */
export const waysOf = (
  routes: ReadonlyArray<Route>,
  mine: Route | undefined,
  { sender, context }: RoutedMail,
): ReadonlyArray<Route> => {
  if (context.unknownAttempts.length > 0 && mine !== undefined) return [mine]
  const takers = routes.filter((route) => takes(route, sender))
  const willing = preferring(
    preferring(takers, ({ refusals }) => !refusals.has(sender)),
    isUp,
  )
  const failed = failedInARow(context)
  const fresh = preferring(willing, ({ name }) => !failed.includes(name))
  return preferring(fresh, ({ weight }) => weight > 0)
}

/**
 * Where a mail goes. In doubt: to where it was, or nowhere. Else by weight to one whose host is up and whose limit has room,
 * to the one whose limit has room first where none has; a host that is down and whose probe is due gets its probe; when all
 * are down, to the one that is probed first.
 *
 * @param mine The route of its latest attempt.
 */
export const chooseRoute = (
  routes: ReadonlyArray<Route>,
  mine: Route | undefined,
  mail: RoutedMail,
  { now, random, waitFor }: ChoiceContext,
): Choice | undefined => {
  const { sender, context } = mail
  const takers = routes.filter((route) => takes(route, sender))
  const isLeft = takers.some(({ refusals }) => !refusals.has(sender))
  if (context.unknownAttempts.length > 0) return bound(mine, isLeft, mail, now)
  const failed = failedInARow(context)
  const willing = preferring(takers, ({ refusals }) => !refusals.has(sender))
  // Trying one again is not worth waiting for its limit.
  const hasRoom = ({ name }: Route): boolean => waitFor(name) === 0
  const trial = isLeft
    ? takers.find((route) => isUp(route) && hasRoom(route) && route.refusals.takeTrial(sender, now))
    : undefined
  const probe = willing.find(
    (route) =>
      !isUp(route) &&
      !failed.includes(route.name) &&
      hasRoom(route) &&
      route.gate.opensAt() <= now &&
      route.gate.view().waiting === 0,
  )
  const up = willing.filter(isUp)
  const chosen =
    trial ??
    probe ??
    byWeight(
      withRoom(
        preferring(up, ({ name }) => !failed.includes(name)),
        waitFor,
      ),
      random,
    ) ??
    willing.toSorted((one, other) => one.gate.opensAt() - other.gate.opensAt())[0]
  return chosen === undefined ? undefined : { route: chosen, mayLeave: routes.length > 1 }
}
