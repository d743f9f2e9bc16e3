import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { vi } from "@effect/vitest"
import * as Effect from "effect/Effect"

/** One function of `node:fs` fails with this code until the scope ends. `first` is done before each failure. */
export const failing = (name: "linkSync" | "rmSync" | "writeFileSync", code: string, first: () => void = () => {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const spy = vi.spyOn(fs, name).mockImplementation(() => {
        first()
        throw Object.assign(new Error(`${code}: ${name}`), { code })
      })
      syncBuiltinESMExports()
      return spy
    }),
    (spy) =>
      Effect.sync(() => {
        spy.mockRestore()
        syncBuiltinESMExports()
      })
  )
