import type { Life, Place } from "./place.ts"
import type { Job } from "./report.ts"
import { add, afterDeath, goOn, none, type Round, send, start } from "./rounds.ts"

/** Mulberry32: the same seed, the same instants. */
const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
}

const livesPerSession = 5

/**
 * SIGKILL at instants drawn from one and a tenth times what the round takes. Up to five lives of one session are killed in
 * a row, each round drawn anew, before a last message must be answered.
 */
export const randomJobs = async (
  place: Place,
  rounds: ReadonlyArray<Round>,
  kills: number,
  seed: number
): Promise<ReadonlyArray<Job>> => {
  const random = generator(seed)
  const millis = new Map<Round, number>()
  for (const round of rounds) millis.set(round, (await start(place, round)).millis)
  const draw = () => {
    const round = rounds[Math.floor(random() * rounds.length)]
    if (round === undefined) throw new Error("there is no such round")
    return { round, after: Math.round(random() * 1.1 * (millis.get(round) ?? 0)) }
  }
  const jobs: Array<Job> = []
  for (let left = kills; left > 0;) {
    const lives = Array.from({ length: Math.min(left, 1 + Math.floor(random() * livesPerSession)) }, draw)
    left -= lives.length
    jobs.push({
      round: `${lives.length} ${lives.length === 1 ? "life" : "lives"} of a session`,
      name: lives.map(({ after, round }) => `${round.name} after ${after} ms`).join(", "),
      points: lives.length,
      run: async (place) => {
        let verdict = none
        let reached = 0
        const ended: Array<Life> = []
        for (const [i, { after, round }] of lives.entries()) {
          const how = { killAfter: after, ...(round.cancelAt === undefined ? {} : { cancelAt: round.cancelAt }) }
          const life = await (i === 0 ? start(place, round, how) : send(place, round.script, how))
          if (life.signal === "SIGKILL") reached++
          ended.push(life)
          verdict = add(verdict, afterDeath(place, life))
        }
        return { reached, verdict: add(verdict, await goOn(place, ended)) }
      }
    })
  }
  return jobs
}
