import { assert, it } from "@effect/vitest"
import { problemsOf } from "../scripts/soak/report.ts"
import type { Sample } from "../scripts/soak/sample.ts"

const sample: Sample = {
  rounds: 0,
  heap: 50_000_000,
  external: 8_000_000,
  rss: 200_000_000,
  descriptors: 25,
  handles: 3,
  listeners: 8,
  children: 1,
  fibers: 6,
  warnings: 0,
  database: 0,
  detail: { "fd socket": 10 }
}
const run = (end: Partial<Sample>) =>
  problemsOf([sample, { ...sample, rounds: 500 }, { ...sample, rounds: 1000, ...end }], 1000)

it("resources are compared with the first sample under load, and each kind has its bound", () => {
  assert.deepStrictEqual(run({ heap: 59_900_000, external: 12_900_000, rss: 229_000_000, database: 1e9 }), [])
  assert.deepStrictEqual(run({ descriptors: 20, fibers: 1 }), [])
  const grown = {
    heap: 60_100_000,
    external: 13_100_000,
    rss: 231_000_000,
    descriptors: 26,
    handles: 4,
    listeners: 9,
    children: 2,
    fibers: 7,
    warnings: 1
  }
  const problems = run({ ...grown, detail: { "fd socket": 11 } })
  assert.deepStrictEqual(
    problems.map((problem) => problem.replace(/:.*/s, "")),
    Object.keys(grown)
  )
  assert.match(problems[3] ?? "", /^descriptors: 26 after 1000 rounds, 25 after 500; .*\(fd socket: 11\)$/)
})

it("a process that ended early is a failure", () => {
  for (const samples of [[], [sample], [sample, { ...sample, rounds: 500 }]])
    assert.match(problemsOf(samples, 1000)[0] ?? "", /^it ended after \d+ rounds of 1000$/)
})

it("resident memory must not grow in the second half of the run", () => {
  const at = (rounds: number, rss: number): Sample => ({ ...sample, rounds, rss })
  const half = [at(0, 180e6), at(500, 300e6), at(1000, 390e6)]
  assert.deepStrictEqual(problemsOf([...half, at(1500, 395e6), at(2000, 392e6)], 2000), [])
  const [problem = ""] = problemsOf([...half, at(1500, 420e6), at(2000, 450e6)], 2000)
  assert.match(problem, /^rss: 450.0 MB after 2000 rounds, 390.0 MB after 1000; no more than 429.0 MB/)
})
