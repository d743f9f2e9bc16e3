import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import type { Call, Plan } from "./plan.ts"

export const instructions =
  "You help with the code of this workspace. Look before you change something, and say in a few words what you found."

/** A directory with the files of the plan, and the results of its tools. */
const make = (plan: Plan) => {
  const sorted = <A>(map: ReadonlyMap<string, A>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  const root = realpathSync(mkdtempSync(join(tmpdir(), "parley-cache-")))
  const files = new Map<string, string>()
  const changes = new Map<string, number>()
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const write = (path: string, text: string) => {
    files.set(path, text)
    put(path, text)
  }
  for (const [path, text] of plan.files) write(path, text)
  put(".parley/context.json", JSON.stringify({ include: [...files.keys()] }))

  const status = (): string =>
    changes.size === 0
      ? "nothing has changed"
      : sorted(changes)
          .map(([path, n]) => `${path}: changed ${n} times`)
          .join("\n")
  return {
    root,
    edit: (path: string, text: string) => {
      changes.set(path, (changes.get(path) ?? 0) + 1)
      write(path, text)
    },
    status,
    run: ({ input }: Call): string => {
      if ("path" in input) return files.get(input.path) ?? `there is no file ${input.path}`
      const found = [...files].flatMap(([path, text]) =>
        text.split("\n").flatMap((line, i) => (line.includes(input.query) ? [`${path}:${i + 1}: ${line}`] : []))
      )
      return found.length === 0 ? `nothing holds ${input.query}` : found.slice(0, 5).join("\n")
    },
    /** A system prompt that contains everything. The parts that change most often are last. */
    system: (date: string): string =>
      [
        instructions,
        ...sorted(files).map(([path, text]) => `<file path=${JSON.stringify(path)}>\n${text}\n</file>`),
        `<context name="status">\n${status()}\n</context>`,
        `Date: ${date}`
      ].join("\n\n")
  }
}
export type Workspace = ReturnType<typeof make>

/** The workspace of the plan. It is removed when the scope closes. */
export const workspace = (plan: Plan) =>
  Effect.acquireRelease(
    Effect.sync(() => make(plan)),
    ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
  )
