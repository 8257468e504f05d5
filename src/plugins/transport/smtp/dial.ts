import { connect as connectTcp, isIP, type Socket } from "node:net"
// Real time: sockets live in it; a simulated world has a transport of its own.
import { clearTimeout, setTimeout } from "node:timers"
import { connect as connectTls } from "node:tls"
import type { Cancellation } from "./cancellation.ts"
import { type Breakage, breakageOf, SmtpFailure, type Stage } from "./failure.ts"
import type { SmtpSettings } from "./settings.ts"

/** Waits for `event` on a socket; any other end of the waiting destroys it. */
const ready = <S extends Socket>(
  socket: S,
  event: "connect" | "secureConnect",
  stage: Stage,
  timeoutMs: number,
  cancellation: Cancellation,
): Promise<S> =>
  new Promise((resolve, reject) => {
    const fail = (breakage: Breakage): void => {
      stop()
      // A destroyed socket may still report what broke it; nobody is interested any more.
      socket.on("error", () => {})
      socket.destroy()
      reject(new SmtpFailure(stage, breakage))
    }
    const onError = (error: Error): void => fail(breakageOf(error))
    const onClose = (): void => fail({ word: "connection-closed", detail: "the server closed the connection" })
    const onReady = (): void => {
      stop()
      resolve(socket)
    }
    const timer = setTimeout(
      () => fail({ word: stage === "tls" ? "tls" : "timeout", detail: `no ${stage} within ${timeoutMs} ms` }),
      timeoutMs,
    )
    const stop = (): void => {
      clearTimeout(timer)
      socket.off("error", onError)
      socket.off("close", onClose)
      socket.off(event, onReady)
      release()
    }
    socket.on("error", onError)
    socket.on("close", onClose)
    socket.on(event, onReady)
    let release = (): void => {}
    release = cancellation.onFire(fail)
  })

/** A TCP connection to the server. */
export const dial = (settings: SmtpSettings, cancellation: Cancellation): Promise<Socket> => {
  const socket = connectTcp({ host: settings.host, port: settings.port, noDelay: true, keepAlive: true })
  return ready(socket, "connect", "connect", settings.timeouts.connectMs, cancellation)
}

/** TLS over a connection; the certificate is verified for the host unless the options spell out otherwise. */
export const secure = (socket: Socket, settings: SmtpSettings, cancellation: Cancellation): Promise<Socket> => {
  const { tls } = settings
  const servername = tls.servername ?? settings.host
  const upgraded = connectTls({
    socket,
    host: servername,
    // An IP address is not allowed as SNI; it is still verified as `host`.
    ...(isIP(servername) === 0 ? { servername } : {}),
    minVersion: tls.minVersion,
    rejectUnauthorized: !tls.dangerouslyAllowInvalidCertificates,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  })
  return ready(upgraded, "secureConnect", "tls", settings.timeouts.connectMs, cancellation)
}
