import { SessionManager } from "@parley/domain/SessionManager"
import * as SessionManagerContract from "../src/contract/SessionManagerContract.ts"

SessionManagerContract.suite("SessionManager.layerMemory", { layer: SessionManager.layerMemory })
