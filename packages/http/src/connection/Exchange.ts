import type { IncomingMessage } from "node:http"
import { TLSSocket } from "node:tls"
import { HttpError, type TimeLimit } from "../contract/HttpError.ts"
import { headerCount, interimAnswers } from "../contract/HttpLimits.ts"
import { makeClock } from "./Clock.ts"
import { broken, isHttpError, isMalformed, problemOf } from "./Failures.ts"
import type { Outgoing } from "./Outgoing.ts"
import { type Route, sending } from "./Sending.ts"
import { proxyFailure } from "./Tunnel.ts"

/** A response whose head has arrived. The first of `done` and `stop` ends it and releases its resources. */
export interface Answer {
  readonly incoming: IncomingMessage
  readonly host: string
  /** The reader waits for the next chunk: starts or restarts the idle timeout. */
  readonly listen: () => void
  /** The reader does not wait for a chunk: stops the idle timeout. */
  readonly rest: () => void
  /** Ends the response normally. Returns false if it has been stopped before. */
  readonly done: () => boolean
  /** Closes the connection with an error. */
  readonly stop: (error: unknown) => void
  /** Adds a listener for `stop`. It is called immediately if the response has been stopped before. */
  readonly onStop: (listener: (error: unknown) => void) => void
}

/** Sends one request and waits for the head of its response. Redirects are returned like any other response. */
export const exchange = (outgoing: Outgoing, route: Route): Promise<Answer> => {
  const { limits, proxy } = route
  const { signal } = outgoing
  const { host } = outgoing.url
  const isForwarded = proxy !== undefined && outgoing.url.protocol === "http:"
  const { promise, reject, resolve } = Promise.withResolvers<Answer>()
  const [clock, total] = [makeClock(), makeClock()]
  const tunnels = new Set<() => void>()
  const stopped: Array<(error: unknown) => void> = []
  let end: { readonly error: unknown } | "well" | undefined
  let connected = false
  let interim = 0

  const release = (): void => {
    clock.stop()
    total.stop()
    signal?.removeEventListener("abort", aborted)
  }
  const done = (): boolean => {
    if (end !== undefined) return end === "well"
    end = "well"
    release()
    return true
  }
  const stop = (error: unknown): void => {
    if (end !== undefined) return
    end = { error }
    release()
    request.destroy()
    for (const close of tunnels) close()
    reject(error)
    for (const listener of stopped) listener(error)
  }
  const aborted = (): void => stop(signal?.reason)
  const over = (limit: TimeLimit) => (): void =>
    stop(new HttpError({ host, sent: connected, reason: { _tag: "TooSlow", limit, millis: limits[limit] } }))
  const tooMany = (limit: "headerCount" | "interimAnswers", most: number): void =>
    stop(new HttpError({ host, sent: true, reason: { _tag: "TooLarge", limit, most, beginning: "" } }))
  const failed = (error: unknown): void =>
    stop(
      isForwarded && !connected && !isHttpError(error)
        ? proxyFailure(proxy, host, `could not be reached: ${problemOf(error)}`)
        : broken(error, host, connected)
    )

  const request = sending(outgoing, route, { making: (close) => tunnels.add(close) })
  request.maxHeadersCount = 0
  clock.start(limits.connectMillis, over("connectMillis"))
  total.start(route.left, over("totalMillis"))
  signal?.addEventListener("abort", aborted, { once: true })

  request.on("socket", (socket) => {
    const ready = (): void => {
      tunnels.clear()
      connected = true
      if (end === undefined) clock.start(limits.headersMillis, over("headersMillis"))
    }
    if (socket.connecting) socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", ready)
    else ready()
  })
  // While the request body is being sent, the server does not count as silent.
  request.on("drain", clock.again)
  request.on("finish", clock.again)
  request.on("information", () => {
    if (++interim > interimAnswers) tooMany("interimAnswers", interimAnswers)
  })
  request.on("upgrade", (_incoming, socket) => {
    socket.destroy()
    failed(new Error("it changed the protocol"))
  })
  let answered = false
  // A response may arrive before the whole request has been sent. Then an error of sending the rest does not invalidate it,
  // but a response that is not valid HTTP is an error.
  request.on("error", (error) => (answered && !isMalformed(error) ? undefined : failed(error)))
  request.on("close", () => (answered ? undefined : failed(new Error("the connection closed before an answer came"))))
  request.on("response", (incoming) => {
    answered = true
    clock.stop()
    if (incoming.rawHeaders.length / 2 > headerCount) return tooMany("headerCount", headerCount)
    if (isForwarded && incoming.statusCode === 407)
      return stop(proxyFailure(proxy, host, "wants a user name and a password (HTTP 407)", 407))
    resolve({
      incoming,
      host,
      listen: () => {
        if (end === undefined) clock.start(limits.idleMillis, over("idleMillis"))
      },
      rest: clock.stop,
      done,
      stop,
      onStop: (listener) => {
        if (end === undefined) stopped.push(listener)
        else if (end !== "well") listener(end.error)
      }
    })
  })
  request.end(outgoing.body)
  return promise
}
