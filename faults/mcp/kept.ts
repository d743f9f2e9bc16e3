import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import type { Home } from "../support/home.ts"

const directory = ({ root }: Home): string => join(root, "results")

/** Where what is too large to be shown is kept whole, as the command has it. */
export const keeping = (here: Home) => ({ spillDirectory: directory(here) })

/** What was kept, which nobody else can read. */
export const kept = (here: Home): ReadonlyArray<Buffer> =>
  existsSync(directory(here))
    ? readdirSync(directory(here)).map((name) => {
        const path = join(directory(here), name)
        assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        return readFileSync(path)
      })
    : []
