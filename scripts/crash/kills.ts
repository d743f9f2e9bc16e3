import type { Place } from "./place.ts"
import { inject, type Point, pointsOf } from "./points.ts"
import type { Job } from "./report.ts"
import { add, afterDeath, goOn, none, type Round, start } from "./rounds.ts"

/** SIGKILL on entry to the call: neither the call nor anything after it is executed. */
export const killAt = (round: Round, point: Point): Job => ({
  round: round.name,
  name: `SIGKILL at ${point.call} ${point.k}`,
  run: async (place) => {
    const life = await start(place, round, { strace: inject(place, point, "signal=SIGKILL") })
    const dead = add(none, afterDeath(place, life, round))
    const reached = life.signal === "SIGKILL" && !life.hung
    return { reached, verdict: add(dead, await goOn(place, [life])) }
  }
})

export const killJobs = async (
  place: Place,
  rounds: ReadonlyArray<Round>,
  every: number
): Promise<ReadonlyArray<Job>> => {
  const jobs: Array<Job> = []
  for (const round of rounds) {
    const points = await pointsOf(place, round)
    jobs.push(...points.filter((_, i) => i % every === 0).map((point) => killAt(round, point)))
  }
  return jobs
}
