import { SqliteSessions, StoreSettings } from "@parley/store"
import * as SessionManagerContract from "@parley/testing/SessionManagerContract"
import { Duration, Effect, Layer } from "effect"
import { directory } from "../support/temporary.ts"

const settings = Layer.succeed(StoreSettings.FlushInterval, Duration.zero)
const open = (path: string) => SqliteSessions.layer({ filename: `${path}/my.db` }).pipe(Layer.provide(settings))
const reopen = Effect.map(directory, open)
SessionManagerContract.suite("my store", { layer: Layer.unwrap(reopen), reopen })
