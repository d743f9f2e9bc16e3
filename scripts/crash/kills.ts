import type { Place } from "./place.ts"
import { inject, pointsOf } from "./points.ts"
import type { Job } from "./report.ts"
import { add, afterDeath, goOn, none, type Round, start } from "./rounds.ts"

/** SIGKILL on entry to each call: it and everything after it did not happen. */
export const killJobs = async (
  place: Place,
  rounds: ReadonlyArray<Round>,
  every: number
): Promise<ReadonlyArray<Job>> => {
  const jobs: Array<Job> = []
  for (const round of rounds) {
    const points = await pointsOf(place, round)
    for (const point of points.filter((_, i) => i % every === 0))
      jobs.push({
        round: round.name,
        name: `SIGKILL at ${point.call} ${point.k}`,
        run: async (place) => {
          const life = await start(place, round, { strace: inject(point, "signal=SIGKILL") })
          const dead = add(none, afterDeath(place, life))
          return { reached: life.signal === "SIGKILL", verdict: add(dead, await goOn(place, [life])) }
        }
      })
  }
  return jobs
}
