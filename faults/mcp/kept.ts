import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import type { Home } from "../../packages/harness/src/sessions/home.ts"

const directory = ({ root }: Home): string => join(root, "results")

/** Stores results that are too large to be shown in a directory, as the command does. */
export const keeping = (here: Home) => ({ spillDirectory: directory(here) })

/** The contents of the stored results. Asserts that other users cannot read them. */
export const kept = (here: Home): ReadonlyArray<Buffer> =>
  existsSync(directory(here))
    ? readdirSync(directory(here)).map((name) => {
        const path = join(directory(here), name)
        assert.strictEqual(statSync(path).mode & 0o777, 0o600)
        return readFileSync(path)
      })
    : []
