import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { vi } from "@effect/vitest"
import * as Effect from "effect/Effect"

/** Until the scope ends, no hard link can be made, as on FAT. `first` is done before one fails. */
export const withoutHardLinks = (first: () => void = () => {}, code = "EPERM") =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const spy = vi.spyOn(fs, "linkSync").mockImplementation(() => {
        first()
        throw Object.assign(new Error("operation not permitted, link"), { code })
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
