import * as http from "node:http"
import * as https from "node:https"
import { tunnelAgent } from "./Tunnel.ts"
import type { Proxy } from "./Proxy.ts"

/**
 * How many connections to one origin there are at most, and how many of them are kept when they have nothing to do. Each
 * stream of events has one of its own.
 */
const pool = { maxSockets: 256, maxFreeSockets: 8 }

/** How long an idle connection is kept: shorter than servers do, so that no request is sent on one that they are closing. */
const idleMillis = 4000

/** Between probes of a connection on which nothing is said, so that one that has died unseen breaks. */
const probeMillis = 15_000

const agentOptions = { ...pool, keepAlive: true, keepAliveMsecs: probeMillis, timeout: idleMillis }

export interface Agents {
  readonly of: (protocol: string) => http.Agent
  readonly through: (proxy: Proxy) => http.Agent
  readonly close: () => void
}

/** Both clocks, of which one stands still while the machine sleeps, and the other may be set. */
const times = (): ReadonlyArray<number> => [
  performance.now(),
  // @effect-diagnostics-next-line globalDate:off -- beside Node's sockets, outside of any Effect
  Date.now()
]

/**
 * Closes the idle connections of an agent that have been idle for too long. A timer does that too, but not in time where
 * this process was held up, or slept; a request that is sent on a connection which the server has closed is lost.
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

/** The pools of connections of a client. Idle ones hold no process. */
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
