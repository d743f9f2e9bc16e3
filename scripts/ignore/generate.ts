import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { put } from "./places.ts"

/** A generator of whole numbers below a bound; the same seed gives the same numbers. */
const random = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const pieces = "a b c ab abc A é 中 . - ] [ ! # { } \\ * * * ** ** ? ? / / /".split(" ")
const sets = "[ab] [!a] [^b] [a-c] [c-a] []a] [!]a] [[:alpha:]] [[:upper:]b] [a-] [\\]] [[:x:]] [[:] [é] [".split(" ")
const letters = ["a", "b", "c", "ab", "abc", "A", "é", "中", ".", "-", "]", "[", "!", "#", "{", "}", "\\", "a b", "* "]

const pick = <A>(next: (below: number) => number, from: ReadonlyArray<A>, otherwise: A): A =>
  from[next(from.length)] ?? otherwise

const patternOf = (next: (below: number) => number): string => {
  const body = Array.from({ length: 1 + next(5) }, () =>
    next(6) === 0 ? pick(next, sets, "") : pick(next, pieces, "")
  ).join("")
  return `${next(5) === 0 ? "!" : ""}${next(6) === 0 ? "/" : ""}${body}${next(6) === 0 ? "/" : ""}${next(12) === 0 ? " " : ""}`
}

const nameOf = (next: (below: number) => number): string => {
  const name = Array.from({ length: 1 + next(3) }, () => pick(next, letters, "a")).join("")
  return name === "." || name === ".." ? "a" : name
}

const rulesOf = (next: (below: number) => number, most: number): string =>
  Array.from({ length: next(most + 1) }, () => patternOf(next)).join(next(8) === 0 ? "\r\n" : "\n")

/** The user's excludes for a generated repository. */
export const excludesOf = (seed: number): string => rulesOf(random(seed * 2 + 1), 2)

/** Fills a repository with ignore files on three levels, `.git/info/exclude`, and so many files. */
export const generate = (root: string, files: number, seed: number): void => {
  const next = random(seed * 2)
  const directories = Array.from({ length: 6 }, () => Array.from({ length: 1 + next(2) }, () => nameOf(next)).join("/"))
  put(root, ".gitignore", rulesOf(next, 6))
  appendFileSync(join(root, ".git/info/exclude"), `\n${rulesOf(next, 2)}\n`)
  for (const directory of directories.slice(0, 3)) put(root, `${directory}/.gitignore`, rulesOf(next, 4))
  let made = 0
  while (made < files) {
    const directory = next(4) === 0 ? "" : `${pick(next, directories, "a")}/`
    if (put(root, `${directory}${next(3) === 0 ? `${nameOf(next)}/` : ""}${nameOf(next)}${made}`)) made++
  }
}
