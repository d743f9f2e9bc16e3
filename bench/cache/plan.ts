/** Generates the events of the session. The same seed gives the same plan. */

export interface Call {
  readonly name: "read_file" | "search"
  readonly input: { readonly path: string } | { readonly query: string }
}

export interface Answer {
  readonly text: string
  readonly calls: ReadonlyArray<Call>
}

export interface Round {
  /** Files that are changed before the message: path and new text. */
  readonly edits: ReadonlyArray<readonly [path: string, text: string]>
  readonly message: string
  /** The model's turns. All but the last call tools. */
  readonly answers: ReadonlyArray<Answer>
}

export interface Plan {
  readonly files: ReadonlyArray<readonly [path: string, text: string]>
  readonly rounds: ReadonlyArray<Round>
}

const words =
  "the session keeps every event in a log and folds it into what a model is sent while tools run side by side and each result is stored before anybody sees it so nothing is lost when a process dies".split(
    " "
  )

/** mulberry32: a small generator that gives the same numbers on every platform. */
const random = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A number of calls in one turn that exceeds the API's look-back of 20 blocks. */
const many = 24

export const make = (seed: number, rounds: number): Plan => {
  const next = random(seed)
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  const one = <A>(from: ReadonlyArray<A>, otherwise: A): A => from[Math.floor(next() * from.length)] ?? otherwise
  const say = (from: number, to: number): string =>
    Array.from({ length: between(from, to) }, () => one(words, "word")).join(" ")
  const line = (): string => `const ${one(words, "x")}${between(1, 999)} = ${JSON.stringify(say(3, 9))}`

  const text = new Map<string, string>(
    Array.from({ length: 16 }, (_, i) => {
      const lines = Array.from({ length: between(10, 30) }, line)
      return [`src/part${String(i).padStart(2, "0")}.ts`, lines.join("\n")] as const
    })
  )
  const paths = [...text.keys()]
  const files = [...text]
  const edit = (): readonly [string, string] => {
    const path = one(paths, "")
    const lines = (text.get(path) ?? "").split("\n")
    for (let n = between(1, 4); n > 0; n--) lines[Math.floor(next() * lines.length)] = line()
    text.set(path, lines.join("\n"))
    return [path, lines.join("\n")]
  }
  const call = (): Call =>
    next() < 0.4
      ? { name: "read_file", input: { path: one(paths, "") } }
      : { name: "search", input: { query: `${one(words, "x")}${between(1, 9)}` } }

  return {
    files,
    rounds: Array.from({ length: rounds }, (_, i): Round => {
      const edits = next() < 0.35 ? [edit()] : []
      const message = say(8, 40)
      const turns =
        i % 40 === 25 ? [many] : next() < 0.4 ? Array.from({ length: between(1, 2) }, () => between(1, 3)) : []
      return {
        edits,
        message,
        answers: [
          ...turns.map((calls) => ({ text: say(3, 12), calls: Array.from({ length: calls }, call) })),
          { text: say(30, 120), calls: [] }
        ]
      }
    })
  }
}
