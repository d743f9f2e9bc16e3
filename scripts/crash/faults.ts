import { endsRound, type LogEntry } from "../../packages/domain/src/SessionEvent.ts"
import type { Life, Place } from "./place.ts"
import { failed, inject, type Point, pointsOf } from "./points.ts"
import type { Job } from "./report.ts"
import { add, afterDeath, goOn, none, type Round, start, type Verdict } from "./rounds.ts"
import { readShown, readStored } from "./stored.ts"

/** The process may end with success only if nothing was lost; otherwise it must report the failure and exit with 5. */
const silent = (place: Place, round: Round, life: Life): Partial<Verdict> => {
  const last = readStored(place).sessions.at(-1)?.log.at(-1)
  const isEnd = (event: LogEntry["event"]) =>
    endsRound(event) || (round.parks === true && event._tag === "QuestionAsked")
  const closed = last !== undefined && isEnd(last.event)
  const shownToEnd =
    round.command === undefined && readShown(life.stdout).some(({ event, seq }) => isEnd(event) && seq === last?.seq)
  const told = life.stderr.includes("parley: ") && /database|disk|storage|I\/O|ENOSPC|EIO|space/i.test(life.stderr)
  const how = `ended with ${life.code ?? life.signal}: ${life.stderr.trim()}`
  if (told && (life.code === 5 || (life.code === 130 && round.code === 130))) return {}
  if (life.code !== round.code) return { unusable: [how] }
  // A command that reports success is checked by what it left.
  if (round.command !== undefined) return {}
  return closed && shownToEnd ? {} : { silent: [`the round is ${closed ? "not shown" : "open"}, ${how}`] }
}

/** The call fails. If `from` is `+`, all later calls fail as well until the process ends. */
export const failAt = (round: Round, point: Point, error: "ENOSPC" | "EIO", from: "" | "+"): Job => ({
  round: round.name,
  name: `${error} at ${point.call} ${point.k}${from}`,
  run: async (place) => {
    const life = await start(place, round, { strace: inject(place, point, `error=${error}`, from) })
    const dead = add(add(none, afterDeath(place, life, round)), silent(place, round, life))
    return {
      reached: failed(life, place),
      verdict: add(dead, await goOn(place, [life])),
      note: `exit ${life.code ?? life.signal}`
    }
  }
})

/** Jobs in which each call fails with ENOSPC or EIO, either once or from then on until the process ends. */
export const faultJobs = async (
  place: Place,
  rounds: ReadonlyArray<Round>,
  every: number
): Promise<ReadonlyArray<Job>> => {
  const jobs: Array<Job> = []
  for (const round of rounds) {
    const points = await pointsOf(place, round)
    // The points are the inner loop, so that `--every` samples each variant.
    const cases = (["ENOSPC", "EIO"] as const).flatMap((error) =>
      (["", "+"] as const).flatMap((from) => points.map((point) => failAt(round, point, error, from)))
    )
    jobs.push(...cases.filter((_, i) => i % every === 0))
  }
  return jobs
}
