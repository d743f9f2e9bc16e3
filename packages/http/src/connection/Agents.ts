import * as http from "node:http"
import * as https from "node:https"
import { tunnelAgent } from "./Tunnel.ts"
import type { Proxy } from "./Proxy.ts"

/**
 * The maximum number of connections to one origin, and of idle ones that are kept. Each event stream occupies one
 * connection.
 */
const pool = { maxSockets: 256, maxFreeSockets: 8 }

/** Milliseconds that an idle connection is kept: fewer than servers do, so that no request is sent while they close it. */
const idleMillis = 4000

/** Milliseconds between TCP keep-alive probes of a silent connection, so that a dead one is detected. */
const probeMillis = 15_000

const agentOptions = { ...pool, keepAlive: true, keepAliveMsecs: probeMillis, timeout: idleMillis }

export interface Agents {
  readonly of: (protocol: string) => http.Agent
  readonly through: (proxy: Proxy) => http.Agent
  readonly close: () => void
}

/** The time by both clocks: one stops while the machine sleeps, and the other may be set. */
const times = (): ReadonlyArray<number> => [
  performance.now(),
  // @effect-diagnostics-next-line globalDate:off -- beside Node's sockets, outside of any Effect
  Date.now()
]

/**
 * Closes connections that have been idle for too long. The agent's timer does that too, but late if this process was blocked
 * or the machine slept. A request on a connection that the server has closed would be lost.
 */
const makeSweep = (agent: http.Agent): (() => void) => {
  const since = new WeakMap<object, ReadonlyArray<number>>()
  agent.on("free", (socket: object) => since.set(socket, times()))
  return () => {
    const now = times()
    for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []))
      if (since.get(socket)?.some((at, i) => Math.abs((now[i] ?? at) - at) > idleMillis) === true) socket.destroy()
  }
}

/** Creates the connection pools of a client. Idle connections do not keep the process alive. */
export const makeAgents = (): Agents => {
  const pools = new Map<string, { readonly agent: http.Agent; readonly sweep: () => void }>()
  const pooled = (key: string, make: () => http.Agent): http.Agent => {
    const known = pools.get(key)
    known?.sweep()
    if (known !== undefined) return known.agent
    const agent = make()
    pools.set(key, { agent, sweep: makeSweep(agent) })
    return agent
  }
  return {
    of: (protocol) =>
      pooled(protocol, () => (protocol === "https:" ? new https.Agent(agentOptions) : new http.Agent(agentOptions))),
    through: (proxy) => pooled(`through ${proxy.url.href}`, () => tunnelAgent(proxy, agentOptions)),
    close: () => {
      for (const { agent } of pools.values()) agent.destroy()
    }
  }
}
