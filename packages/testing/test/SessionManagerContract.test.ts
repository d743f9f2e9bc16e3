import { SessionManager } from "@parley/domain/SessionManager"
import * as SessionManagerContract from "../src/SessionManagerContract.ts"

SessionManagerContract.suite("SessionManager.layerMemory", SessionManager.layerMemory)
