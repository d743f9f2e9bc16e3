import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"

/** A real directory of its own, removed when the test ends. */
export const temporary: Effect.Effect<string, never, Scope> = Effect.acquireRelease(
  Effect.sync(() => fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), "parley-os-")))),
  (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
)

export const put = (directory: string, name: string, content: string | Uint8Array = ""): void => {
  const file = path.join(directory, name)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, content)
}
