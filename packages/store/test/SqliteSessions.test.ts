import * as SessionManagerContract from "@parley/testing/SessionManagerContract"
import { layer } from "./support/temporary.ts"

SessionManagerContract.suite("SqliteSessions", layer)
