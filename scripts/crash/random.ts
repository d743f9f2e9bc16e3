import { generator } from "../generator.ts"
import type { Instant, Life, Place } from "./place.ts"
import type { Job } from "./report.ts"
import { add, afterDeath, goOn, none, type Round, send, start } from "./rounds.ts"

const livesPerSession = 5

/**
 * Kills in the last step, between the last progress and the end, are drawn from its first milliseconds only, because an idle
 * machine finishes that step quickly.
 */
const beforeTheEnd = 25

/** Measures when an undisturbed round makes progress, first in its own session, then in one that another round has left. */
const measure = async (place: Place, round: Round) => {
  const how = round.cancelAt === undefined ? {} : { cancelAt: round.cancelAt }
  const first = await start(place, round)
  const again = await send(place, round.script, how)
  const anew = await start(place, { ...round, from: "empty" })
  // Use the run with fewer steps, because every step of it also exists in the longer run.
  const later = again.progress.length < anew.progress.length ? again : anew
  return [first.progress, later.progress] as const
}

/** Maps a number from 0 to below 1 to an instant of the round, relative to the progress that precedes it. */
const instantOf = (progress: ReadonlyArray<number>, lot: number): Instant => {
  const times = [0, ...progress]
  const [before = 0, end = 0] = times.slice(-2)
  const at = lot * Math.min(before + beforeTheEnd, end)
  const step = times.findLastIndex((time) => time <= at)
  return { step, millis: Math.round(at - (times[step] ?? 0)) }
}

/**
 * SIGKILL at random instants of the whole round, each relative to the progress of the killed process. Up to five processes
 * of one session are killed in a row, each in a randomly chosen round, before a last message must be answered.
 */
export const randomJobs = async (
  place: Place,
  chosen: ReadonlyArray<Round>,
  kills: number,
  seed: number
): Promise<ReadonlyArray<Job>> => {
  const random = generator(seed)
  // A process that answers has nothing to do in a session whose round another process has closed.
  const rounds = chosen.filter(({ answers }) => answers === undefined)
  const measured = new Map<Round, Awaited<ReturnType<typeof measure>>>()
  for (const round of rounds) measured.set(round, await measure(place, round))
  const draw = (i: number) => {
    const round = rounds[Math.floor(random() * rounds.length)]
    const progress = round === undefined ? undefined : measured.get(round)?.[i === 0 ? 0 : 1]
    if (round === undefined || progress === undefined) throw new Error("there is no such round")
    return { round, killAt: instantOf(progress, random()) }
  }
  const jobs: Array<Job> = []
  for (let left = kills; left > 0;) {
    const lives = Array.from({ length: Math.min(left, 1 + Math.floor(random() * livesPerSession)) }, (_, i) => draw(i))
    left -= lives.length
    jobs.push({
      round: `${lives.length} ${lives.length === 1 ? "life" : "lives"} of a session`,
      name: lives.map(({ killAt, round }) => `${round.name}, step ${killAt.step} + ${killAt.millis} ms`).join("; "),
      points: lives.length,
      run: async (place) => {
        let verdict = none
        const missed: Array<string> = []
        const ended: Array<Life> = []
        for (const [i, { killAt, round }] of lives.entries()) {
          const how = { killAt, ...(round.cancelAt === undefined ? {} : { cancelAt: round.cancelAt }) }
          const life = await (i === 0 ? start(place, round, how) : send(place, round.script, how))
          if (life.signal !== "SIGKILL" || life.hung)
            missed.push(`${round.name}, step ${killAt.step} of ${life.progress.length} + ${killAt.millis} ms`)
          ended.push(life)
          verdict = add(verdict, afterDeath(place, life, round))
        }
        return { reached: lives.length - missed.length, missed, verdict: add(verdict, await goOn(place, ended)) }
      }
    })
  }
  return jobs
}
